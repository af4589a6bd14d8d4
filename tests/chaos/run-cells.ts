import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HostTime, ownProcessor } from "@holdfast/host-time";
import { boundOf, type Cell, idOf } from "./cells.ts";
import { type RoundResult, runRound, writeEvidence } from "./round.ts";
import { Site } from "./site.ts";

export interface CellResult {
  readonly cell: Cell;
  readonly rounds: number;
  /** What was not as promised; recoveries over their bound included. */
  readonly problems: readonly string[];
  /** The same without the recoveries. */
  readonly exactProblems: readonly string[];
  readonly silencesMs: readonly number[];
  readonly resets: number;
}

export interface RunOptions {
  readonly seed: number;
  /** Rounds of a cell with one conversation; a cell with many has one. */
  readonly rounds: number;
  /** Sites that run cells of one conversation at the same time, each with its own Redis and services. */
  readonly lanes: number;
  readonly onResult?: (result: CellResult) => void;
  /** A recovery that is measured again, because the host took the processor away. */
  readonly onSpoilt?: (result: CellResult) => void;
}

const EVIDENCE = fileURLToPath(new URL("../../reports/chaos/", import.meta.url));

/** Runs the cells: those of one conversation beside each other, those of many one by one. */
export async function runCells(cells: readonly Cell[], options: RunOptions): Promise<CellResult[]> {
  host.start();
  const small = cells.filter(({ conversations }) => conversations === 1);
  const large = cells.filter(({ conversations }) => conversations > 1);
  // Twenty conversations fill a small machine: beside them, how long a recovery takes would be the neighbours' doing.
  return [...(await runInLanes(small, options.lanes, options)), ...(await runInLanes(large, 1, options))];
}

async function runInLanes(cells: readonly Cell[], lanes: number, options: RunOptions): Promise<CellResult[]> {
  const waiting = [...cells];
  const results: CellResult[] = [];
  const lane = async (): Promise<void> => {
    let site: Site | undefined;
    try {
      for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
        // Of the older era a server may ask for one call at a time (decisions, questions of servers).
        site ??= await Site.start({ isModern: cell.conversations > 1 });
        const result = await runUnspoilt(site, cell, options);
        results.push(result);
        options.onResult?.(result);
        if (result.exactProblems.length === 0) continue;
        // What a failed cell left behind must not be blamed on the next one.
        await site.stop();
        site = undefined;
      }
    } finally {
      await site?.stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, waiting.length) }, lane));
  return results;
}

const host = new HostTime();
/** How often a recovery is measured that the host of this machine spoils. */
const TIMES = 6;
/** How long a spoilt measurement waits for a processor, before it is taken again. */
const PATIENCE_MS = 120_000;

/** A recovery over its bound while the host took the processor away says nothing: it is measured again. A fault in what was shown is one. */
async function runUnspoilt(site: Site, cell: Cell, options: RunOptions): Promise<CellResult> {
  for (let time = 1; ; time += 1) {
    const beganAt = Date.now();
    const result = await runCell(site, cell, options);
    const isSlow = result.problems.length > 0 && result.exactProblems.length === 0;
    if (!isSlow || time === TIMES || !host.spoilt(beganAt, Date.now())) return result;
    options.onSpoilt?.(result);
    await ownProcessor(PATIENCE_MS, console.log);
  }
}

/** Stops at the first round that is not exact. */
export async function runCell(
  site: Site,
  cell: Cell,
  { seed, rounds }: Pick<RunOptions, "seed" | "rounds">,
): Promise<CellResult> {
  const exactProblems: string[] = [];
  const silencesMs: number[] = [];
  let resets = 0;
  const count = cell.conversations === 1 ? rounds : 1;
  for (let round = 0; round < count && exactProblems.length === 0; round += 1) {
    const result = await runRound(site, cell, seed, round).catch(brokenOff);
    exactProblems.push(...result.problems.map((problem) => `round ${round} (${result.victim}): ${problem}`));
    silencesMs.push(...result.silencesMs);
    resets += result.resets;
    if (result.problems.length > 0 || boundProblems(cell, result.silencesMs).length > 0)
      await keepEvidence(site, cell, `${seed}-${round}`, result);
  }
  const problems = [...exactProblems, ...boundProblems(cell, silencesMs)];
  return { cell, rounds: count, problems, exactProblems, silencesMs, resets };
}

function brokenOff(error: unknown): RoundResult {
  const problem = `broke off: ${error instanceof Error ? error.message : String(error)}`;
  return { problems: [problem], silencesMs: [], victim: "?", resets: 0 };
}

async function keepEvidence(site: Site, cell: Cell, name: string, result: RoundResult): Promise<void> {
  mkdirSync(EVIDENCE, { recursive: true });
  await writeEvidence(site, join(EVIDENCE, `${idOf(cell).replaceAll("/", "-")}-${name}.json`), result, cell);
}

function boundProblems(cell: Cell, silencesMs: readonly number[]): string[] {
  const bound = boundOf(cell);
  const [p95, max] = [percentile(silencesMs, 95), percentile(silencesMs, 100)].map(Math.round) as [number, number];
  const over: string[] = [];
  if (p95 > bound.p95Ms) over.push(`recovery p95 ${p95} ms is over ${bound.p95Ms} ms`);
  if (max > bound.maxMs) over.push(`slowest recovery ${max} ms is over ${bound.maxMs} ms`);
  return over;
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}
