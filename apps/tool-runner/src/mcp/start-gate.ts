/** The longest a call waits for the next permitted start; beyond it the model is better told at once. */
const MAX_WAIT_MS = 5000;
/** Starts that failed in a row, after which no call waits: one that dies while it starts may have been killed. */
const MOST_FAILED_STARTS = 2;

/** When a server may be started next, and whether a call should wait for that. */
export class StartGate {
  #opensAt = 0;
  #failedInRow = 0;

  /** Milliseconds; 0 where it may be started now. */
  get waitMs(): number {
    return Math.max(0, this.#opensAt - Date.now());
  }

  get isWorthWaiting(): boolean {
    return this.#failedInRow < MOST_FAILED_STARTS && this.waitMs <= MAX_WAIT_MS;
  }

  /** `isFinal`: another start would fail alike. */
  failed({ isFinal }: { readonly isFinal: boolean }): void {
    this.#failedInRow += isFinal ? MOST_FAILED_STARTS : 1;
  }

  succeeded(): void {
    this.#failedInRow = 0;
  }

  shutFor(delayMs: number): void {
    this.#opensAt = Date.now() + delayMs;
  }

  /** Whatever happened, it may be started now. */
  open(): void {
    this.#opensAt = 0;
    this.#failedInRow = 0;
  }
}
