/**
 * Judges one answer as its reader sees it: every token once and in order. What a system takes back in so many words is shown
 * no more, and may come again; anything else that comes twice is a duplicate, and what never came is lost.
 */
export class Ledger {
  readonly expected: number;
  duplicated = 0;
  /** Tokens that were shown and explicitly taken back. */
  withdrawn = 0;
  #shown = 0;
  #skipped = 0;

  constructor(expected: number) {
    this.expected = expected;
  }

  get isWhole(): boolean {
    return this.#shown >= this.expected;
  }

  /** Never shown, or missing between others, in what is shown now. */
  get lost(): number {
    return this.#skipped + Math.max(0, this.expected - this.#shown);
  }

  take(sequence: number): void {
    if (sequence < this.#shown) {
      this.duplicated += 1;
      return;
    }
    this.#skipped += sequence - this.#shown;
    this.#shown = sequence + 1;
  }

  /** Only the first `kept` tokens stay. */
  withdraw(kept: number): void {
    if (kept >= this.#shown) return;
    this.withdrawn += this.#shown - kept;
    this.#shown = kept;
    // Holes further back than what was taken back are not told apart from those in it: the new text has to fill both.
    if (kept === 0) this.#skipped = 0;
  }
}
