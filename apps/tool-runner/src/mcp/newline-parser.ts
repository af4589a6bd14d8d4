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
    this.#line.append(piece);
    if (this.#line.length <= this.#maxBytes) return;
    const line = this.#line.view();
    this.#oversize = {
      head: Buffer.from(line.subarray(0, EDGE_BYTES)),
      tail: Buffer.from(line.subarray(-EDGE_BYTES)),
      bytes: line.length,
    };
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

function lastBytes(tail: Buffer, piece: Uint8Array): Buffer {
  if (piece.length >= EDGE_BYTES) return Buffer.from(piece.subarray(-EDGE_BYTES));
  return Buffer.concat([tail.subarray(piece.length - EDGE_BYTES), piece]);
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
