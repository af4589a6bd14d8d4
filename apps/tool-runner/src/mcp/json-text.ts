import type { Frame } from "./frame.ts";

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;
const SAMPLE_CHARACTERS = 200;

export function withoutByteOrderMark(bytes: Buffer): Buffer {
  return BYTE_ORDER_MARK.every((byte, index) => bytes[index] === byte) ? bytes.subarray(3) : bytes;
}

/** Bytes between two delimiters as a frame. Anything but a JSON object or array is noise. */
export function frameOf(bytes: Buffer): Frame {
  const text = bytes.toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return { kind: "message", value };
  } catch {
    // Not JSON: counted as noise below.
  }
  return { kind: "noise", bytes: bytes.length, sample: text.slice(0, SAMPLE_CHARACTERS) };
}

/**
 * The id of a response too large to parse, read from its first and last bytes: servers write `id` before the result or
 * after it, never inside. A number followed by the one brace that closes the whole line cannot be nested.
 */
export function responseIdAt(head: string, tail: string): number | undefined {
  const before = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,15})\s*,/.exec(head);
  const after = /"id"\s*:\s*(\d{1,15})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/.exec(tail);
  const digits = before?.[1] ?? after?.[1];
  return digits === undefined ? undefined : Number(digits);
}
