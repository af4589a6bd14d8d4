import { ByteAccumulator } from "./byte-accumulator.ts";
import type { Frame, FrameParser } from "./frame.ts";
import { frameOf, responseIdAt, withoutByteOrderMark } from "./json-text.ts";

const NEWLINE = 0x0a;
const EDGE_BYTES = 4096;

interface Oversize {
  readonly head: Buffer;
  tail: Buffer;
  bytes: number;
}

/**
 * One message per line. Nothing a server prints is fatal here: text that is not JSON is noise and is skipped, a byte
 * order mark, CRLF and blank lines are normal, and a line over the cap is skipped up to its end while its first and last
 * bytes are kept, because they tell which request it would have answered.
 */
export class NewlineParser implements FrameParser {
  readonly owesBytes = false;
  readonly #maxBytes: number;
  readonly #line = new ByteAccumulator();
  #oversize: Oversize | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let from = 0;
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, from);
      if (newline === -1) break;
      this.#append(chunk.subarray(from, newline));
      this.#finishLine(frames);
      from = newline + 1;
    }
    this.#append(chunk.subarray(from));
    return frames;
  }

  end(): Frame[] {
    const frames: Frame[] = [];
    this.#finishLine(frames);
    return frames;
  }

  #append(piece: Uint8Array): void {
    if (this.#oversize !== undefined) {
      this.#oversize.bytes += piece.length;
      this.#oversize.tail = lastBytes(this.#oversize.tail, piece);
      return;
    }
    const bytes = this.#line.length + piece.length;
    if (bytes <= this.#maxBytes) {
      this.#line.append(piece);
      return;
    }
    // Decided before it is stored: nobody gets this message.
    const { head, tail } = this.#line.edges(EDGE_BYTES);
    this.#oversize = { head: firstBytes(head, piece), tail: lastBytes(tail, piece), bytes };
    this.#line.clear();
  }

  #finishLine(frames: Frame[]): void {
    if (this.#oversize !== undefined) {
      const { head, tail, bytes } = this.#oversize;
      this.#oversize = undefined;
      const id = responseIdAt(head.toString("utf8"), tail.toString("utf8"));
      frames.push({ kind: "oversize", bytes, ...(id !== undefined && { id }) });
      return;
    }
    const line = withoutByteOrderMark(this.#line.view());
    if (!isBlank(line)) frames.push(frameOf(line));
    this.#line.clear();
  }
}

function firstBytes(head: Buffer, piece: Uint8Array): Buffer {
  return Buffer.concat([head, piece.subarray(0, EDGE_BYTES - head.length)]);
}

function lastBytes(tail: Buffer, piece: Uint8Array): Buffer {
  if (piece.length >= EDGE_BYTES) return Buffer.from(piece.subarray(-EDGE_BYTES));
  return Buffer.concat([tail, piece]).subarray(-EDGE_BYTES);
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
