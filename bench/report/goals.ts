import type { Metrics } from "../load/job.ts";
import type { Row } from "../results.ts";
import type { SystemName } from "../systems/system.ts";

/** What Holdfast is to reach. `below`: at most the limit; otherwise at least. */
export interface Goal {
  readonly title: string;
  readonly workload: string;
  readonly metric: keyof Metrics;
  readonly unit: string;
  readonly below: boolean;
  readonly limit: number;
  readonly stretch?: number;
  /** The measured value is the ratio to this system's. */
  readonly against?: SystemName;
}

const atMost = { below: true } as const;
const atLeast = { below: false } as const;
const LATENCY = { ...atMost, unit: "ms" };
const CPU = { ...atMost, metric: "cpu_us_per_token" };
const NOTHING = { ...atMost, unit: "tokens", limit: 0 };

export const GOALS: readonly Goal[] = [
  { ...LATENCY, title: "W1 added latency p50", workload: "W1", metric: "latency_p50_ms", limit: 0.6, stretch: 0.4 },
  { ...LATENCY, title: "W1 added latency p99", workload: "W1", metric: "latency_p99_ms", limit: 4, stretch: 2 },
  {
    ...atMost,
    title: "W1 added latency p50 to naive's",
    workload: "W1",
    metric: "latency_p50_ms",
    unit: "×",
    limit: 2.5,
    against: "naive",
  },
  { ...CPU, title: "500 chats: CPU all in", workload: "W2-500", unit: "µs/token", limit: 130 },
  { ...CPU, title: "500 chats: CPU to bull's", workload: "W2-500", unit: "×", limit: 0.65, against: "bull" },
  {
    ...CPU,
    title: "500 chats: CPU to naive's",
    workload: "W2-500",
    unit: "×",
    limit: 1.3,
    stretch: 1,
    against: "naive",
  },
  {
    ...LATENCY,
    title: "500 chats: added latency p95",
    workload: "W2-500",
    metric: "latency_p95_ms",
    limit: 20,
    stretch: 10,
  },
  {
    ...LATENCY,
    title: "500 chats: first token p95",
    workload: "W2-500",
    metric: "first_p95_ms",
    limit: 100,
    stretch: 50,
  },
  { ...CPU, title: "1000 chats: CPU all in", workload: "W2-1000", unit: "µs/token", limit: 60 },
  { ...LATENCY, title: "1000 chats: added latency p95", workload: "W2-1000", metric: "latency_p95_ms", limit: 50 },
  { ...NOTHING, title: "1000 chats: lost", workload: "W2-1000", metric: "lost" },
  {
    ...atLeast,
    title: "Burst to naive's",
    workload: "W3",
    metric: "tokens_per_second",
    unit: "×",
    limit: 1,
    against: "naive",
  },
  {
    ...atLeast,
    title: "Burst",
    workload: "W3",
    metric: "tokens_per_second",
    unit: "tokens/s",
    limit: 83_000,
    stretch: 150_000,
  },
  {
    ...atMost,
    title: "Idle connection in the gateway",
    workload: "idle",
    metric: "idle_kb.gateway",
    unit: "KB",
    limit: 16,
    stretch: 12,
  },
  {
    ...LATENCY,
    title: "POST beside idle connections, p95",
    workload: "idle",
    metric: "visitors:post_p95_ms",
    limit: 20,
  },
  {
    ...atLeast,
    title: "Catching up",
    workload: "catch-up",
    metric: "entries_per_second",
    unit: "entries/s",
    limit: 150_000,
    stretch: 250_000,
  },
  {
    ...LATENCY,
    title: "SIGKILL of a worker: silence p95",
    workload: "kill",
    metric: "silence_p95_ms",
    limit: 4_000,
    stretch: 2_600,
  },
  { ...NOTHING, title: "SIGKILL of a worker: lost", workload: "kill", metric: "lost" },
  { ...NOTHING, title: "SIGKILL of a worker: duplicated", workload: "kill", metric: "duplicated" },
  {
    ...LATENCY,
    title: "npm start to the first token",
    workload: "cold",
    metric: "cold_start_ms",
    limit: 6_000,
    stretch: 3_000,
  },
  {
    ...atMost,
    title: "Cost of a token, 1000th turn to 1st",
    workload: "turns",
    metric: "growth",
    unit: "×",
    limit: 1.25,
  },
  {
    ...atMost,
    title: "Cost of a token beside 100,000 conversations",
    workload: "many",
    metric: "growth",
    unit: "×",
    limit: 1.25,
  },
  {
    ...atMost,
    title: "Memory of a service after 20 minutes to that after 7",
    workload: "soak",
    metric: "memory_growth",
    unit: "×",
    limit: 1.1,
  },
  { ...NOTHING, title: "20 minutes: lost", workload: "soak", metric: "lost" },
];

export type Verdict = "stretch met" | "met" | "missed" | "not measured";

export interface Judged {
  readonly goal: Goal;
  readonly value: number | undefined;
  readonly verdict: Verdict;
  /** No undisturbed run stands behind the value. */
  readonly isDisturbed: boolean;
}

export function judge(goal: Goal, rows: readonly Row[]): Judged {
  const of = (system: SystemName): Row | undefined =>
    rows.find((row) => row.workload === goal.workload && row.system === system && row.runs > 0);
  const needed = ["holdfast" as const, ...(goal.against ? [goal.against] : [])].map(of);
  const [own, other = 1] = needed.map((row) => row?.metrics[goal.metric]);
  if (needed.includes(undefined) || own === undefined || other === 0)
    return { goal, value: undefined, verdict: "not measured", isDisturbed: false };
  const value = own / other;
  return { goal, value, verdict: verdictOf(goal, value), isDisturbed: needed.some((row) => row?.runs === row?.noisy) };
}

function verdictOf({ below, limit, stretch }: Goal, value: number): Verdict {
  const reaches = (mark: number): boolean => (below ? value <= mark : value >= mark);
  if (stretch !== undefined && reaches(stretch)) return "stretch met";
  return reaches(limit) ? "met" : "missed";
}
