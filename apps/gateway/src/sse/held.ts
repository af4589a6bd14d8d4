/**
 * What arrives live while history is read. Bounded: past the limit nothing is held any more, and the reader of history,
 * in whose store it stands too, reads once more instead.
 */
export class Held<Item> {
  readonly #limit: number;
  #items: Item[] = [];
  #hasOverflowed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(item: Item): void {
    if (this.#hasOverflowed) return;
    this.#items.push(item);
    if (this.#items.length <= this.#limit) return;
    this.#items = [];
    this.#hasOverflowed = true;
  }

  /** True when something came that is not held. */
  get hasOverflowed(): boolean {
    return this.#hasOverflowed;
  }

  /** Takes everything out and begins anew. */
  take(): Item[] {
    const items = this.#items;
    this.#items = [];
    this.#hasOverflowed = false;
    return items;
  }
}
