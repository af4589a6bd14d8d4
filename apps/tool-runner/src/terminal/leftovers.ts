/**
 * Processes of a runner that was killed. The tool itself dies with its runner, but not what it has started; that is known by
 * the home it was given, which is nobody else's.
 */
import { readdirSync, readFileSync } from "node:fs";

/** One that keeps making others is not chased for ever. */
const MOST_PASSES = 20;

/** Kills every process whose HOME lies below `base`, which belongs to nobody alive. Answers how many. */
export function endLeftovers(base: string): number {
  let ended = 0;
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const found = pids().filter((pid) => hasHomeBelow(pid, base) && isKilled(pid));
    if (found.length === 0) break;
    ended += found.length;
  }
  return ended;
}

function pids(): number[] {
  try {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0);
  } catch {
    // Not Linux.
    return [];
  }
}

function hasHomeBelow(pid: number, base: string): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
    return variables.some((variable) => variable.startsWith(`HOME=${base}/`));
  } catch {
    return false;
  }
}

function isKilled(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}
