import { performance } from "node:perf_hooks";

/**
 * When the buffered writes of all runs leave this process: together, so that they share one trip.
 *
 * - At the end of the event-loop tick while there is little to write: waiting would only delay.
 * - A few milliseconds later where many runs write or the loop is busy: a trip costs every process on its way a wake-up, which
 *   is several times the work on what it carries. Later still once the loop is all but full: the wait is then below what a
 *   full loop costs anyway.
 * - Both are looked at a few times in a second, and the window changes by one step at a time. It shrinks only well below the
 *   mark that made it grow, because the window itself makes the loop less busy.
 */
export class WriteClock {
  readonly #busyness: () => number;
  readonly #nowMs: () => number;
  #due: (() => void)[] = [];
  #step = 0;
  #requests = 0;
  #lookedAtMs: number;

  /** `busyness`: part of the time since the last call in which the loop had something to do, 0 to 1. */
  constructor({ busyness = loopBusyness(), nowMs = () => performance.now() } = {}) {
    this.#busyness = busyness;
    this.#nowMs = nowMs;
    this.#lookedAtMs = nowMs();
  }

  /** ms that writes wait at present. */
  get windowMs(): number {
    return STEPS[this.#step]?.ms ?? 0;
  }

  /** Calls `write` once when the writes leave. */
  request(write: () => void): void {
    this.#requests += 1;
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
    const sinceMs = nowMs - this.#lookedAtMs;
    if (sinceMs < LOOK_MS) return;
    const perSecond = (this.#requests * 1_000) / sinceMs;
    const busyness = this.#busyness();
    this.#lookedAtMs = nowMs;
    this.#requests = 0;
    const [own, next] = [STEPS[this.#step], STEPS[this.#step + 1]];
    if (next && (busyness >= next.busyness || perSecond >= next.perSecond)) this.#step += 1;
    else if (own && busyness < own.busyness - SLACK && perSecond < own.perSecond * 0.7) this.#step -= 1;
  }
}

const LOOK_MS = 200;
const SLACK = 0.2;

/** From so much on of either, writes wait so long. */
interface Step {
  readonly ms: number;
  readonly busyness: number;
  readonly perSecond: number;
}

const STEPS: readonly Step[] = [
  { ms: 0, busyness: 0, perSecond: 0 },
  { ms: 2, busyness: 0.5, perSecond: 1_000 },
  { ms: 5, busyness: 0.75, perSecond: 6_000 },
  { ms: 20, busyness: 0.95, perSecond: Infinity },
];

function loopBusyness(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
