/**
 * The beginning of one output stream. What comes after the cap is counted and dropped, so that a chatty command neither
 * blocks on a full pipe nor fills the memory; one that never stops is noticed by `isFlooded`.
 */
const FLOOD_FACTOR = 64;
const FLOOD_SLACK_BYTES = 8 * 1024 * 1024;

export class OutputHead {
  readonly #capBytes: number;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #seenBytes = 0;

  constructor(capBytes: number) {
    this.#capBytes = capBytes;
  }

  /** Takes the next bytes and answers those of them that lie within the cap. */
  push(chunk: Buffer): Buffer {
    this.#seenBytes += chunk.length;
    const kept = chunk.subarray(0, this.#capBytes - this.#keptBytes);
    if (kept.length > 0) this.#kept.push(kept);
    this.#keptBytes += kept.length;
    return kept;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#kept, this.#keptBytes);
  }

  /** Exactly the cap is not truncated. */
  get isTruncated(): boolean {
    return this.#seenBytes > this.#capBytes;
  }

  get isFlooded(): boolean {
    return this.#seenBytes > this.#capBytes * FLOOD_FACTOR + FLOOD_SLACK_BYTES;
  }
}
