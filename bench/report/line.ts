import type { CellResult } from "../results.ts";
import { number } from "./number.ts";

const SHOWN: readonly (readonly [metric: string, said: (value: string) => string])[] = [
  ["latency_p50_ms", (value) => `p50 ${value} ms`],
  ["latency_p95_ms", (value) => `p95 ${value} ms`],
  ["first_p95_ms", (value) => `first p95 ${value} ms`],
  ["tokens_per_second", (value) => `${value} tok/s`],
  ["cpu_us_per_token", (value) => `${value} µs/token`],
  ["entries_per_second", (value) => `${value} entries/s`],
  ["cpu_us_per_entry", (value) => `${value} µs/entry`],
  ["idle_kb", (value) => `${value} KB each`],
  ["idle_kb.gateway", (value) => `${value} KB in the gateway`],
  ["visitors:post_p95_ms", (value) => `POST p95 ${value} ms`],
  ["growth", (value) => `growth × ${value}`],
  ["silence_p95_ms", (value) => `silence p95 ${value} ms`],
  ["silent_for_good", (value) => `${value} never spoke again`],
  ["cold_start_ms", (value) => `first token after ${value} ms`],
  ["lost", (value) => `lost ${value}`],
  ["duplicated", (value) => `duplicated ${value}`],
  ["overdue", (value) => `overdue ${value}`],
];

/** What happened, for who waits. */
export function lineOf({ workload, system, rep, metrics, isNoisy, error }: CellResult): string {
  const name = `${workload.padEnd(9)} ${system.padEnd(8)} ${rep}`;
  if (error !== undefined) return `${name}  FAILED: ${error}`;
  const shown = SHOWN.flatMap(([metric, said]) => {
    const value = metrics[metric];
    return value === undefined ? [] : [said(number(value))];
  });
  const noise = isNoisy
    ? `  (noisy: ${number(metrics["others_cores"] ?? 0)} cores used by others, ${number(metrics["stolen_cores"] ?? 0)} by the host)`
    : "";
  return `${name}  ${shown.join(", ")}${noise}`;
}
