/**
 * When a server that died may be started again: after 1 s, 2 s, 4 s, … up to 60 s, each with jitter, counted from its
 * last success; and after 5 deaths within 2 minutes only once a minute, whatever succeeded in between. A remote server is
 * no process of ours: to look whether it is back costs next to nothing, so it is never longer than 5 s until the next look.
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

export interface RestartLimits {
  readonly longestDelayMs: number;
  readonly hasBreaker: boolean;
}

const LOCAL: RestartLimits = { longestDelayMs: LONGEST_DELAY_MS, hasBreaker: true };
export const REMOTE: RestartLimits = { longestDelayMs: 5000, hasBreaker: false };

export class RestartPolicy {
  readonly #limits: RestartLimits;
  readonly #now: () => number;
  readonly #random: () => number;
  #deaths: number[] = [];
  #inRow = 0;

  constructor(now: () => number = Date.now, random: () => number = Math.random, limits = LOCAL) {
    this.#limits = limits;
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
    const { longestDelayMs, hasBreaker } = this.#limits;
    const isOpen = hasBreaker && this.#deaths.length >= BREAKER_DEATHS;
    const plain = isOpen ? longestDelayMs : Math.min(longestDelayMs, FIRST_DELAY_MS * 2 ** (this.#inRow - 1));
    return { delayMs: plain * (1 - JITTER * this.#random()), isOpen };
  }
}
