/**
 * What must be answered within one and the same time, by one timer for all: thousands begin in a second, and hardly one is
 * ever late.
 */
export class Deadlines {
  readonly #timeoutMs: number;
  /** In the order in which they are due. */
  readonly #waiting = new Set<Waiting>();
  #isLooking = false;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** The same answer; after the time what `late` makes is thrown instead. */
  within<Answer>(answer: Promise<Answer>, late: () => Error): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { dueMs: performance.now() + this.#timeoutMs, expire: () => reject(late()) };
      this.#waiting.add(waiting);
      if (!this.#isLooking) this.#lookIn(this.#timeoutMs);
      answer.then(
        (value) => {
          this.#waiting.delete(waiting);
          resolve(value);
        },
        (error: unknown) => {
          this.#waiting.delete(waiting);
          reject(error);
        },
      );
    });
  }

  #lookIn(ms: number): void {
    this.#isLooking = true;
    setTimeout(this.#look, ms).unref();
  }

  readonly #look = (): void => {
    this.#isLooking = false;
    const nowMs = performance.now();
    for (const waiting of this.#waiting) {
      if (waiting.dueMs > nowMs) {
        this.#lookIn(waiting.dueMs - nowMs);
        return;
      }
      this.#waiting.delete(waiting);
      waiting.expire();
    }
  };
}

interface Waiting {
  readonly dueMs: number;
  readonly expire: () => void;
}
