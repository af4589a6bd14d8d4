import { type Processes, residentMemory, type Usage } from "../measure/meter.ts";
import type { Chat } from "./chat.ts";
import type { Metrics } from "./job.ts";
import type { Recorder } from "./recorder.ts";

const toMs = (us: number): number => us / 1_000;

/** How answers reached their readers. */
export function deliveryMetrics(recorder: Recorder, chats: readonly Chat[]): Metrics {
  const latency = recorder.latencies.summary();
  const first = recorder.firstTokens.summary();
  const posts = recorder.posts.summary();
  const sum = (of: (chat: Chat) => number): number => chats.reduce((total, chat) => total + of(chat), 0);
  const beganUs = Math.min(...chats.map(({ startedUs }) => startedUs));
  return {
    chats: chats.length,
    tokens: recorder.tokens,
    lost: sum(({ ledger }) => ledger.lost),
    expected: sum(({ ledger }) => ledger.expected),
    duplicated: sum(({ ledger }) => ledger.duplicated),
    withdrawn: sum(({ ledger }) => ledger.withdrawn),
    garbled: sum(({ garbled }) => garbled),
    broken: sum(({ end }) => (end === "broken" ? 1 : 0)),
    overdue: sum(({ end }) => (end === "overdue" ? 1 : 0)),
    reconnects: recorder.reconnects,
    latency_p50_ms: toMs(latency.p50),
    latency_p95_ms: toMs(latency.p95),
    latency_p99_ms: toMs(latency.p99),
    latency_max_ms: toMs(latency.max),
    first_p50_ms: toMs(first.p50),
    first_p95_ms: toMs(first.p95),
    ...(posts.count > 0 ? { post_p95_ms: toMs(posts.p95) } : {}),
    tokens_per_second: (recorder.tokens * 1_000_000) / Math.max(1, recorder.lastTokenUs - beganUs),
  };
}

/** What else went on meanwhile. */
export function noiseMetrics({ othersCores, stolenCores }: Usage): Metrics {
  return { others_cores: othersCores, stolen_cores: stolenCores };
}

/** What that cost, all in and by process. */
export function costMetrics(usage: Usage, tokens: number, processes: Processes): Metrics {
  const beside = { ...noiseMetrics(usage), bench_cores: usage.benchCores };
  if (Object.keys(processes).length === 0) return beside;
  const perToken = (us: number): number => us / Math.max(1, tokens);
  const byProcess = Object.entries(usage.cpuUsByProcess).map(([name, us]) => [
    `cpu_us_per_token.${name}`,
    perToken(us),
  ]);
  const memory = Object.entries(residentMemory(processes)).map(([name, kb]) => [`rss_mb.${name}`, kb / 1_024]);
  return {
    cpu_us_per_token: perToken(usage.cpuUs),
    cores: usage.cpuUs / usage.wallUs,
    ...beside,
    ...Object.fromEntries([...byProcess, ...memory]),
  };
}

const DAMAGE = ["expected", "lost", "duplicated", "garbled", "broken", "overdue"];

/** What must not happen, of all phases together. */
export function damageOf(...phases: readonly Metrics[]): Metrics {
  const sum = (name: string): number => phases.reduce((total, metrics) => total + (metrics[name] ?? 0), 0);
  return Object.fromEntries(DAMAGE.map((name) => [name, sum(name)]));
}

/** The same metrics of another phase of one run. */
export function phase(name: string, metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [`${name}:${metric}`, value]));
}
