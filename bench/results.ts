import type { Metrics } from "./load/job.ts";
import type { SystemName } from "./systems/system.ts";
import type { Cell } from "./workloads/plan.ts";

/** More than that used by anything else, or taken by the host, and a run is no measurement. */
export const NOISE_CORES = 0.3;

/** One system at one workload, once. */
export interface CellResult {
  readonly workload: string;
  readonly system: SystemName;
  readonly rep: number;
  readonly metrics: Metrics;
  readonly isNoisy: boolean;
  /** Why there are no metrics. */
  readonly error?: string;
}

export function measured(cell: Cell, metrics: Metrics): CellResult {
  const isNoisy = ["others_cores", "stolen_cores"].some((name) => (metrics[name] ?? 0) > NOISE_CORES);
  return { workload: cell.workload.id, system: cell.system, rep: cell.rep, metrics, isNoisy };
}

export function failed(cell: Cell, error: unknown): CellResult {
  const text = error instanceof Error ? error.message : String(error);
  return { workload: cell.workload.id, system: cell.system, rep: cell.rep, metrics: {}, isNoisy: false, error: text };
}

export interface Row {
  readonly workload: string;
  readonly system: SystemName;
  /** Medians, of the quiet runs where there were any; counts of what went wrong are sums over all runs. */
  readonly metrics: Metrics;
  readonly runs: number;
  readonly noisy: number;
  readonly failures: readonly string[];
}

/** One lost token in one run is not to vanish in a median. */
const SUMMED = new Set([
  "lost",
  "duplicated",
  "garbled",
  "broken",
  "overdue",
  "silent_for_good",
  "expected",
  "affected",
]);

export function summarize(results: readonly CellResult[]): Row[] {
  const groups = Map.groupBy(results, ({ workload, system }) => `${workload} ${system}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const worked = group.filter(({ error }) => error === undefined);
    return {
      workload: first.workload,
      system: first.system,
      metrics: mergedMetrics(worked),
      runs: worked.length,
      noisy: worked.filter(({ isNoisy }) => isNoisy).length,
      failures: group.flatMap(({ error }) => error ?? []),
    };
  });
}

function mergedMetrics(runs: readonly CellResult[]): Metrics {
  const quiet = runs.filter(({ isNoisy }) => !isNoisy);
  const counted = quiet.length > 0 ? quiet : runs;
  const names = new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)));
  const entries = [...names].flatMap((name) => {
    const from = SUMMED.has(name) ? runs : counted;
    const values = from.flatMap(({ metrics }) => metrics[name] ?? []);
    if (values.length === 0) return [];
    return [[name, SUMMED.has(name) ? values.reduce((sum, value) => sum + value, 0) : median(values)] as const];
  });
  return Object.fromEntries(entries);
}

/** The middle value; of an even number the mean of the two in the middle. 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? upper;
  return (upper + lower) / 2;
}
