/**
 * How much of the processor time that this machine wanted its host gave to others ("steal" in /proc/stat). A bound in time that
 * was missed while the host took the processor away says nothing about the product, so such a measurement is taken again.
 * Where the system does not tell (no Linux), nothing counts as stolen.
 */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const SAMPLE_MS = 1_000;
/** A run is spoilt when its host kept this share of the wanted time over all of it… */
const SPOILT_OVERALL = 0.2;
/** …or this share for this many samples in a row: one such burst is enough to miss a bound of seconds. */
const SPOILT_BURST = 0.4;
const BURST_SAMPLES = 4;

const PROBE_MS = 2_000;
const ENOUGH = 0.6;
const PROBE_AGAIN_MS = 20_000;

/** Processor time since boot, in ticks of the kernel. */
export interface Ticks {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly busy: number;
  readonly stolen: number;
}

/** The first line of /proc/stat: `cpu user nice system idle iowait irq softirq steal …`. */
export function parseTicks(stat: string, at: number): Ticks {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = (stat.split("\n", 1)[0] ?? "")
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { at, busy: user + nice + system + irq + softirq, stolen };
}

function share(from: Ticks | undefined, to: Ticks | undefined): number {
  if (from === undefined || to === undefined) return 0;
  const stolen = to.stolen - from.stolen;
  const wanted = to.busy - from.busy + stolen;
  return wanted > 0 ? stolen / wanted : 0;
}

/** What the host kept between two times (milliseconds since 1970), of 1: over all of it, and at its worst for some seconds. */
export function stolenShares(samples: readonly Ticks[], from: number, to: number): { overall: number; worst: number } {
  const during = samples.filter(({ at }) => at >= from - SAMPLE_MS && at <= to + SAMPLE_MS);
  const bursts = during.slice(BURST_SAMPLES).map((sample, index) => share(during[index], sample));
  return { overall: share(during[0], during.at(-1)), worst: Math.max(0, ...bursts) };
}

export class HostTime {
  readonly #samples: Ticks[] = [];
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    if (this.#timer) return;
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** True where what was measured between two times (milliseconds since 1970) has to be measured again. */
  spoilt(from: number, to: number): boolean {
    this.#sample();
    const { overall, worst } = stolenShares(this.#samples, from, to);
    return overall >= SPOILT_OVERALL || worst >= SPOILT_BURST;
  }

  #sample(): void {
    try {
      this.#samples.push(parseTicks(readFileSync("/proc/stat", "utf8"), Date.now()));
    } catch {
      // No Linux: nobody tells.
    }
  }
}

/** Waits until two seconds of work get most of two seconds of a processor, for `patienceMs` at most. */
export async function ownProcessor(patienceMs: number, tell: (what: string) => void): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const part = processorShare();
    if (part >= ENOUGH || performance.now() >= deadline) return;
    tell(`the host leaves this machine ${Math.round(100 * part)} % of a processor: waiting for it`);
    await delay(PROBE_AGAIN_MS);
  }
}

function processorShare(): number {
  const used = process.cpuUsage();
  const began = performance.now();
  while (performance.now() - began < PROBE_MS);
  const { user, system } = process.cpuUsage(used);
  return (user + system) / 1_000 / (performance.now() - began);
}
