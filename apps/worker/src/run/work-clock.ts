/**
 * The time a run was worked on, over all its attempts: what its budget of seconds is for. It stands still while the run's
 * agent is paused, and of course while nobody has the run: a night without workers must not end what waits for them.
 */
export class WorkClock {
  readonly #limitMs: number;
  readonly #onLimit: () => void;
  #workedMs: number;
  #sinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Starts at once, from what earlier attempts worked. */
  constructor(workedMs: number, limitMs: number, onLimit: () => void) {
    this.#workedMs = workedMs;
    this.#limitMs = limitMs;
    this.#onLimit = onLimit;
    this.go();
  }

  get workedMs(): number {
    const current = this.#sinceMs === undefined ? 0 : performance.now() - this.#sinceMs;
    return Math.round(this.#workedMs + current);
  }

  go(): void {
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = performance.now();
    this.#timer = setTimeout(this.#onLimit, Math.max(0, this.#limitMs - this.#workedMs));
  }

  hold(): void {
    this.#workedMs = this.workedMs;
    this.#sinceMs = undefined;
    clearTimeout(this.#timer);
  }
}
