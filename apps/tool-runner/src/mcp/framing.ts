import { ContentLengthParser } from "./content-length-parser.ts";
import type { FrameParser } from "./frame.ts";
import { NewlineParser } from "./newline-parser.ts";

/**
 * How JSON-RPC messages lie in a byte stream. The specification delimits them by newlines; older servers use
 * `Content-Length` headers as in LSP. Both parsers take bytes in whatever pieces the pipe gives, run in linear time and
 * hold at most one message of MAX_MESSAGE_BYTES.
 */
export type Framing = "newline" | "content-length";

export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

export function createParser(framing: Framing, maxMessageBytes: number = MAX_MESSAGE_BYTES): FrameParser {
  return framing === "newline" ? new NewlineParser(maxMessageBytes) : new ContentLengthParser(maxMessageBytes);
}

export function encodeMessage(framing: Framing, message: unknown): Buffer {
  const json = JSON.stringify(message);
  if (framing === "newline") return Buffer.from(`${json}\n`);
  return Buffer.from(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
}
