/**
 * When a server that died may be started again: after 1 s, 2 s, 4 s, … up to 60 s, each with jitter, counted from its
 * last success; and after 5 deaths within 2 minutes only once a minute, whatever succeeded in between.
 */
export interface Verdict {
  readonly delayMs: number;
  /** The breaker is open: the server is given up on for now. */
  readonly isOpen: boolean;
}

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 60_000;
const BREAKER_DEATHS = 5;
const BREAKER_WINDOW_MS = 120_000;
const JITTER = 0.2;

export class RestartPolicy {
  readonly #now: () => number;
  readonly #random: () => number;
  #deaths: number[] = [];
  #inRow = 0;

  constructor(now: () => number = Date.now, random: () => number = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  /** The server answered a call. */
  recordSuccess(): void {
    this.#inRow = 0;
  }

  /** The server died, or could not be started. */
  recordDeath(): Verdict {
    const now = this.#now();
    this.#deaths = [...this.#deaths, now].filter((at) => now - at < BREAKER_WINDOW_MS);
    this.#inRow += 1;
    const isOpen = this.#deaths.length >= BREAKER_DEATHS;
    const plain = isOpen ? LONGEST_DELAY_MS : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#inRow - 1));
    return { delayMs: plain * (1 - JITTER * this.#random()), isOpen };
  }
}
