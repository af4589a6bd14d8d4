/**
 * The time a run was worked on, over all its attempts: what its budget of seconds is for. It stands still while the run's
 * agent is paused, while a call of it waits for a human, and of course while nobody has the run: a night without workers must
 * not end what waits for them.
 */
export class WorkClock {
  readonly #limitMs: number;
  readonly #onLimit: () => void;
  /** Why it stands still. */
  readonly #holds = new Set<string>();
  #workedMs: number;
  #sinceMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Starts at once, from what earlier attempts worked. */
  constructor(workedMs: number, limitMs: number, onLimit: () => void) {
    this.#workedMs = workedMs;
    this.#limitMs = limitMs;
    this.#onLimit = onLimit;
    this.#run();
  }

  get workedMs(): number {
    const current = this.#sinceMs === undefined ? 0 : performance.now() - this.#sinceMs;
    return Math.round(this.#workedMs + current);
  }

  /** Goes on, unless it stands still for another reason. */
  go(why: string): void {
    if (this.#holds.delete(why) && this.#holds.size === 0) this.#run();
  }

  hold(why: string): void {
    this.#holds.add(why);
    this.#workedMs = this.workedMs;
    this.#sinceMs = undefined;
    clearTimeout(this.#timer);
  }

  #run(): void {
    this.#sinceMs = performance.now();
    this.#timer = setTimeout(this.#onLimit, Math.max(0, this.#limitMs - this.#workedMs));
  }
}
