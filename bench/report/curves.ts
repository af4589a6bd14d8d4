import type { Row } from "../results.ts";
import { SYSTEMS, type SystemName } from "../systems/system.ts";
import { curve, type Line } from "./curve.ts";

/** File name and contents of every curve for which at least two loads were measured. */
export function curvesOf(rows: readonly Row[]): Map<string, string> {
  const crowds = rows.filter(({ workload }) => workload.startsWith("W2-"));
  const xTitle = "chats, 20 tokens/s each";
  const latency = [
    ...linesOf(crowds, "latency_p50_ms", "p50", false),
    ...linesOf(crowds, "latency_p95_ms", "p95", true),
  ];
  const cost = linesOf(crowds, "cpu_us_per_token", "", false).filter(({ name }) => name !== "direct");
  const charts = [
    {
      file: "latency.svg",
      title: "Added latency",
      yTitle: "ms, p50 and p95 (dashed)",
      isLogarithmic: true,
      lines: latency,
    },
    {
      file: "cpu.svg",
      title: "CPU of all server processes",
      yTitle: "µs per token",
      isLogarithmic: false,
      lines: cost,
    },
  ];
  return new Map(
    charts.filter(({ lines }) => lines.length > 0).map(({ file, ...chart }) => [file, curve({ ...chart, xTitle })]),
  );
}

function linesOf(rows: readonly Row[], metric: string, suffix: string, isDashed: boolean): Line[] {
  const line = (system: SystemName, index: number): Line => ({
    name: `${system} ${suffix}`.trim(),
    color: index + 1,
    isDashed,
    points: rows
      .filter((row) => row.system === system && row.metrics[metric] !== undefined)
      .map((row) => ({ x: Number(row.workload.slice("W2-".length)), y: row.metrics[metric] ?? 0 }))
      .toSorted((a, b) => a.x - b.x),
  });
  return SYSTEMS.map(line).filter(({ points }) => points.length > 1);
}
