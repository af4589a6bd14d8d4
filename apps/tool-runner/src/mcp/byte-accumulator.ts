/**
 * Bytes of one message as they arrive. The buffer doubles when it is full, so that a message costs linear time and at
 * most twice its size in memory, even when a server writes it one byte at a time.
 */
export class ByteAccumulator {
  #buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2, 1024));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = needed;
  }

  /** The bytes so far. The view is valid until the next append. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Forgets the bytes, and a large buffer with them: one huge message must not pin its memory for ever. */
  clear(): void {
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.alloc(0);
    this.#length = 0;
  }
}

const KEPT_BYTES = 65_536;
