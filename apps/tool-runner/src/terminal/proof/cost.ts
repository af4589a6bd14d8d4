/** What starting a command that does nothing costs at a tier. */
import { chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute } from "../execute.ts";
import type { Setup } from "../setup.ts";

const STARTS = 200;
/** USER_HZ, which is 100 on every machine supported here. */
const MS_A_TICK = 10;

export interface Cost {
  /** Processor time of the runner and all that it starts, a call. */
  readonly processorMs: number;
  /** From the request to its answer: the median. */
  readonly waitMs: number;
}

export async function costOf(setup: Setup): Promise<Cost> {
  const root = mkdtempSync(join(tmpdir(), "holdfast-cost-"));
  if (setup.identity) chownSync(root, setup.identity.uid, setup.identity.gid);
  const waits: number[] = [];
  const before = processorMs();
  for (let start = 0; start < STARTS; start += 1) {
    const beganAt = performance.now();
    await execute({ request: { argv: ["false"] }, root, timeoutMs: 20_000 }, setup);
    waits.push(performance.now() - beganAt);
  }
  const spentMs = processorMs() - before;
  rmSync(root, { recursive: true, force: true });
  return {
    processorMs: spentMs / STARTS,
    waitMs: waits.toSorted((one, other) => one - other)[STARTS / 2] ?? 0,
  };
}

/** Of this process and those of its children that have ended. */
function processorMs(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The command in parentheses is the second field; the four times are the 14th to 17th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * MS_A_TICK, 0);
}
