/**
 * How many calls a server works on at once, and how many may wait, first come first served. A caller that is aborted
 * while it waits leaves the queue.
 */
export class Slots {
  readonly #maxWaiting: number;
  #limit: number;
  #inUse = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Who came now would have to wait. */
  get isFull(): boolean {
    return this.#inUse >= this.#limit || this.#waiting.length > 0;
  }

  setLimit(limit: number): void {
    this.#limit = limit;
    this.#admit();
  }

  /** Resolves to a release function, to be called once; to undefined when the queue is full or the signal aborts first. */
  acquire(signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    if (!this.isFull) return Promise.resolve(this.#take());
    if (this.#waiting.length >= this.#maxWaiting) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const enter = () => {
        signal.removeEventListener("abort", leave);
        resolve(this.#take());
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        resolve(undefined);
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(enter);
    });
  }

  /** A place at once, also where none is free: for who gave theirs to others for a while. */
  takeBack(): () => void {
    return this.#take();
  }

  #take(): () => void {
    this.#inUse += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#inUse -= 1;
      this.#admit();
    };
  }

  #admit(): void {
    while (this.#inUse < this.#limit) {
      const enter = this.#waiting.shift();
      if (enter === undefined) return;
      enter();
    }
  }
}
