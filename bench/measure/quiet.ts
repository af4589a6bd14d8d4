import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { NOISE_CORES } from "../results.ts";
import { type MachineTicks, machineTicks, TICKS_PER_SECOND } from "./proc.ts";

const LOOK_MS = 4_000;
const MOST_WAIT_MS = 240_000;

export interface QuietOptions {
  readonly lookMs?: number;
  readonly mostWaitMs?: number;
  readonly read?: () => MachineTicks;
}

/**
 * Waits until nothing on this machine nor on its host works noticeably, for as long as one look takes; for a few minutes at
 * most. Answers whether it came to be quiet. Called where the system under test has nothing to do.
 */
export async function quietMachine({
  lookMs = LOOK_MS,
  mostWaitMs = MOST_WAIT_MS,
  read = () => machineTicks(readFileSync("/proc/stat", "latin1")),
}: QuietOptions = {}): Promise<boolean> {
  const untilMs = performance.now() + mostWaitMs;
  while (performance.now() < untilMs) {
    const before = read();
    await delay(lookMs);
    const after = read();
    const ticks = after.busy + after.stolen - before.busy - before.stolen;
    if (ticks / TICKS_PER_SECOND / (lookMs / 1_000) < NOISE_CORES) return true;
  }
  return false;
}
