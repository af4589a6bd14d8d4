import type { Queues } from "@holdfast/bus";
import { chatTopic, WORKERS_GROUP } from "@holdfast/protocol";
import type { Counter, Metrics } from "@holdfast/telemetry";

/** What a worker counts (protocol §8.3). */
export interface WorkerMetrics {
  readonly runsStarted: Counter<"agent">;
  readonly runsCompleted: Counter<"agent" | "status">;
  readonly runsErrored: Counter<"agent">;
  readonly toolCalls: Counter<"agent" | "tool" | "status">;
  readonly retries: Counter<"agent">;
}

export function workerMetrics(metrics: Metrics): WorkerMetrics {
  return {
    runsStarted: metrics.counter("holdfast_runs_started_total", "Runs begun.", ["agent"]),
    runsCompleted: metrics.counter("holdfast_runs_completed_total", "Runs that ended without failing.", [
      "agent",
      "status",
    ]),
    runsErrored: metrics.counter("holdfast_runs_errored_total", "Runs that failed.", ["agent"]),
    toolCalls: metrics.counter("holdfast_tool_calls_total", "Tool calls that ended.", ["agent", "tool", "status"]),
    retries: metrics.counter("holdfast_retries_total", "Model calls tried again.", ["agent"]),
  };
}

/** Gauges that are read from Redis at each scrape; the label `agent` names the queue's agent. */
export function watchQueues(metrics: Metrics, queues: Queues, agents: () => readonly string[]): void {
  metrics.gauge("holdfast_queue_lag", "Messages unread or in work.", ["agent"], async (gauge) => {
    for (const agent of agents()) gauge.set({ agent }, (await queues.stats(chatTopic(agent), WORKERS_GROUP)).lag);
  });
  metrics.gauge("holdfast_dlq_size", "Messages given up on.", ["agent"], async (gauge) => {
    for (const agent of agents()) gauge.set({ agent }, await queues.dlqSize(chatTopic(agent)));
  });
}
