const FIRST_BLOCK_BYTES = 1024;
const LARGEST_BLOCK_BYTES = 1024 * 1024;

/**
 * Bytes of one message as they arrive, in blocks that grow up to a megabyte: so a message costs linear time, also when a
 * server writes it one byte at a time, and hardly more memory than it has bytes until it is looked at as a whole.
 */
export class ByteAccumulator {
  #full: Buffer[] = [];
  #block = Buffer.alloc(0);
  #used = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    let rest = piece;
    while (rest.length > 0) {
      if (this.#used === this.#block.length) this.#nextBlock();
      const taken = rest.subarray(0, this.#block.length - this.#used);
      this.#block.set(taken, this.#used);
      this.#used += taken.length;
      rest = rest.subarray(taken.length);
    }
    this.#length += piece.length;
  }

  /** The bytes so far. The view is valid until the next append. */
  view(): Buffer {
    const last = this.#block.subarray(0, this.#used);
    return this.#full.length === 0 ? last : Buffer.concat([...this.#full, last], this.#length);
  }

  /** Copies of the first and the last bytes so far, `count` of each. */
  edges(count: number): { head: Buffer; tail: Buffer } {
    const blocks = [...this.#full, this.#block.subarray(0, this.#used)];
    let [first, last] = [0, blocks.length];
    for (let bytes = 0; first < blocks.length && bytes < count; first += 1) bytes += blocks[first]?.length ?? 0;
    for (let bytes = 0; last > 0 && bytes < count; last -= 1) bytes += blocks[last - 1]?.length ?? 0;
    return {
      head: Buffer.from(Buffer.concat(blocks.slice(0, first)).subarray(0, count)),
      tail: Buffer.from(Buffer.concat(blocks.slice(last)).subarray(-count)),
    };
  }

  /** Forgets the bytes, and large blocks with them: one huge message must not pin its memory for ever. */
  clear(): void {
    if (this.#full.length > 0 || this.#block.length > KEPT_BYTES) this.#block = Buffer.alloc(0);
    this.#full = [];
    this.#used = 0;
    this.#length = 0;
  }

  #nextBlock(): void {
    if (this.#used > 0) this.#full.push(this.#block);
    const bytes = Math.min(LARGEST_BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, this.#block.length * 2));
    this.#block = Buffer.allocUnsafeSlow(bytes);
    this.#used = 0;
  }
}

const KEPT_BYTES = 65_536;
