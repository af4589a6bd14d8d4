import { performance } from "node:perf_hooks";

/**
 * When the buffered writes of all runs of this process leave: together, so that they share one trip to Redis.
 *
 * - At the end of the event-loop tick while there is time: waiting would only delay.
 * - A few milliseconds later once the loop is busy, and later still once it is all but full: what is saved per write is then
 *   worth more than the wait, which is below what a full loop costs anyway.
 * - How busy the loop is, is looked at a few times in a second; a shorter window is gone back to only well below the mark
 *   that led to the longer one, because the window itself makes the loop less busy.
 */
export class WriteClock {
  readonly #busyness: () => number;
  readonly #nowMs: () => number;
  #due: (() => void)[] = [];
  #window = 0;
  #lookedAtMs = 0;

  /** `busyness`: part of the time since the last call in which the loop had something to do, 0 to 1. */
  constructor({ busyness = loopBusyness(), nowMs = () => performance.now() } = {}) {
    this.#busyness = busyness;
    this.#nowMs = nowMs;
  }

  /** ms that writes wait at present. */
  get windowMs(): number {
    return WINDOWS[this.#window]?.ms ?? 0;
  }

  /** Calls `write` once when the writes leave. */
  request(write: () => void): void {
    this.#due.push(write);
    if (this.#due.length > 1) return;
    this.#look();
    const ms = this.windowMs;
    if (ms === 0) setImmediate(this.#run);
    else setTimeout(this.#run, ms);
  }

  readonly #run = (): void => {
    const due = this.#due;
    this.#due = [];
    for (const write of due) write();
  };

  #look(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedAtMs < LOOK_MS) return;
    this.#lookedAtMs = nowMs;
    const busyness = this.#busyness();
    const next = WINDOWS[this.#window + 1];
    const own = WINDOWS[this.#window];
    if (next && busyness >= next.from) this.#window += 1;
    else if (own && busyness < own.from - SLACK) this.#window -= 1;
  }
}

const LOOK_MS = 200;
const SLACK = 0.2;
const WINDOWS = [
  { from: 0, ms: 0 },
  { from: 0.4, ms: 2 },
  { from: 0.7, ms: 5 },
  { from: 0.95, ms: 20 },
] as const;

function loopBusyness(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
