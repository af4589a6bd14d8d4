import type { Row } from "../results.ts";
import { WORKLOADS } from "../workloads/workloads.ts";
import { GOALS, judge } from "./goals.ts";
import { exact, number } from "./number.ts";

/** What the numbers belong to. */
export interface Circumstances {
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly versions: string;
  readonly command: string;
  /** Smaller than what the names of the workloads say: the bench was tried, nothing was measured. */
  readonly isTrial: boolean;
}

interface Column {
  readonly title: string;
  readonly metrics: readonly string[];
}

const DELIVERY: readonly Column[] = [
  { title: "added latency p50/p95/p99, ms", metrics: ["latency_p50_ms", "latency_p95_ms", "latency_p99_ms"] },
  { title: "first token p50/p95, ms", metrics: ["first_p50_ms", "first_p95_ms"] },
  { title: "tokens/s", metrics: ["tokens_per_second"] },
  { title: "CPU, µs/token", metrics: ["cpu_us_per_token"] },
];
const DAMAGE: readonly Column[] = [{ title: "lost/duplicated", metrics: ["lost", "duplicated"] }];

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  idle: [
    { title: "connections", metrics: ["connections"] },
    { title: "KB each, all processes", metrics: ["idle_kb"] },
    { title: "KB each, gateway", metrics: ["idle_kb.gateway"] },
    { title: "cores while idle", metrics: ["idle_cores"] },
    { title: "POST p95, ms", metrics: ["visitors:post_p95_ms"] },
    { title: "first token p95, ms", metrics: ["visitors:first_p95_ms"] },
  ],
  "catch-up": [
    { title: "entries/s", metrics: ["entries_per_second"] },
    { title: "CPU, µs/entry", metrics: ["cpu_us_per_entry"] },
    ...DAMAGE,
  ],
  turns: growth("first turns", "last turns"),
  many: growth("alone", "beside them"),
  kill: [
    { title: "chats hit", metrics: ["affected"] },
    { title: "silence p50/p95/max, ms", metrics: ["silence_p50_ms", "silence_p95_ms", "silence_max_ms"] },
    { title: "never spoke again", metrics: ["silent_for_good"] },
    { title: "lost/duplicated", metrics: ["lost", "duplicated"] },
    { title: "of tokens", metrics: ["expected"] },
  ],
  soak: [
    { title: "conversations", metrics: ["chats"] },
    {
      title: "memory of gateway, worker, Redis at the end, MB",
      metrics: ["rss_mb.gateway", "rss_mb.worker", "rss_mb.redis"],
    },
    {
      title: "growth, second to last quarter",
      metrics: ["memory_growth.gateway", "memory_growth.worker", "memory_growth.redis"],
    },
    ...DELIVERY,
    ...DAMAGE,
  ],
  cold: [
    { title: "ready, ms", metrics: ["ready_ms"] },
    { title: "first token, ms", metrics: ["cold_start_ms"] },
  ],
};

function growth(first: string, last: string): readonly Column[] {
  return [
    { title: `CPU µs/token, ${first}`, metrics: ["first:cpu_us_per_token"] },
    { title: `CPU µs/token, ${last}`, metrics: ["last:cpu_us_per_token"] },
    { title: "ratio", metrics: ["growth"] },
    { title: "first token p95, ms", metrics: ["first:first_p95_ms", "last:first_p95_ms"] },
    ...DAMAGE,
  ];
}

export function pageOf(rows: readonly Row[], about: Circumstances): string {
  const workloads = WORKLOADS.filter(({ id }) => rows.some(({ workload }) => workload === id));
  const sections = workloads.map(({ id, title }) => {
    const own = rows.filter(({ workload }) => workload === id);
    return [`## ${id}: ${title}`, tableOf(own, COLUMNS[id] ?? [...DELIVERY, ...DAMAGE]), splitOf(own)].filter(Boolean);
  });
  return `${[headOf(rows, about), "## Goals", goalsOf(rows), ...sections.flat()].join("\n\n")}\n`;
}

function headOf(rows: readonly Row[], { date, commit, machine, versions, command, isTrial }: Circumstances): string {
  const noisy = rows.filter((row) => row.noisy > 0).length;
  const disturbed =
    noisy === 0
      ? "No run was disturbed."
      : `**Disturbed**: in ${noisy} of ${rows.length} rows some runs (marked) had something else use more than 0.3 cores, on this machine or its host.`;
  return [
    "# Measured",
    ...(isTrial ? ["**A trial of the bench with reduced sizes: these numbers say nothing about the systems.**"] : []),
    `\`${command}\` on ${date}, commit ${commit}; ${machine}; ${versions}.`,
    `Medians of the undisturbed runs. ${disturbed} How it is measured: docs/performance.md.`,
  ].join("\n\n");
}

function goalsOf(rows: readonly Row[]): string {
  const lines = GOALS.map((goal) => {
    const { value, verdict, isDisturbed } = judge(goal, rows);
    const sign = goal.below ? "≤" : "≥";
    const stretch = goal.stretch === undefined ? "" : ` (${exact(goal.stretch)})`;
    const found = value === undefined ? "–" : `${number(value)} ${goal.unit}`;
    const said = `${verdict === "missed" ? "**missed**" : verdict}${isDisturbed ? " (disturbed)" : ""}`;
    return [goal.title, `${sign} ${exact(goal.limit)}${stretch} ${goal.unit}`, found, said];
  });
  return table(["", "goal (stretch)", "measured", ""], lines);
}

function tableOf(rows: readonly Row[], columns: readonly Column[]): string {
  const lines = rows.map(({ system, metrics, runs, noisy, failures }) => [
    system,
    ...columns.map((column) => column.metrics.map((name) => cell(metrics[name])).join(" / ")),
    failures.length > 0 ? `${runs}, ${failures.length} failed` : `${runs}${noisy > 0 ? `, ${noisy} noisy` : ""}`,
  ]);
  return table(["", ...columns.map(({ title }) => title), "runs"], lines);
}

/** Where a token's CPU and the memory went, process by process. */
function splitOf(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ system, metrics }) => {
    const part = (prefix: string): string =>
      Object.entries(metrics)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, value]) => `${name.slice(prefix.length)} ${number(value)}`)
        .join(", ");
    const [cpu, memory] = [part("cpu_us_per_token."), part("rss_mb.")];
    if (cpu === "" && memory === "") return [];
    return [
      `- ${system}: CPU ${cpu} µs each; memory ${memory} MB; model and client ${cell(metrics["bench_cores"])} cores`,
    ];
  });
  return lines.join("\n");
}

const cell = (value: number | undefined): string => (value === undefined ? "–" : number(value));

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [row(head), row(head.map((_, index) => (index === 0 ? "---" : "--:"))), ...lines.map(row)].join("\n");
}
