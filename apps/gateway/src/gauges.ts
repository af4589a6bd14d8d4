import type { Queues } from "@holdfast/bus";
import { chatTopic, TOOL_RUNNERS_GROUP, toolsTopic, WORKERS_GROUP } from "@holdfast/protocol";
import type { Metrics } from "@holdfast/telemetry";

export interface GaugeSources {
  readonly queues: Queues;
  readonly agents: ReadonlySet<string>;
  readonly toolsets: readonly { readonly name: string }[];
  readonly openStreams: () => number;
}

interface Topic {
  readonly topic: string;
  readonly group: string;
  readonly labels: { readonly agent: string } | { readonly tool: string };
}

/** Gauges that are read when somebody scrapes (protocol §8.3). A toolset stands under the label `tool`. */
export function registerGauges(metrics: Metrics, { queues, agents, toolsets, openStreams }: GaugeSources): void {
  // Asked anew each time: a reload changes what is configured.
  const topicsNow = (): readonly Topic[] => [
    ...[...agents].map((agent) => ({ topic: chatTopic(agent), group: WORKERS_GROUP, labels: { agent } })),
    ...toolsets.map(({ name }) => ({ topic: toolsTopic(name), group: TOOL_RUNNERS_GROUP, labels: { tool: name } })),
  ];
  metrics.gauge("holdfast_stream_connections", "Open event streams of this gateway", [], (gauge) =>
    gauge.set({}, openStreams()),
  );
  metrics.gauge("holdfast_queue_lag", "Entries unread or in work", ["agent", "tool"], async (gauge) => {
    const topics = topicsNow();
    const lags = await Promise.all(topics.map(({ topic, group }) => queues.stats(topic, group)));
    for (const [at, { labels }] of topics.entries()) gauge.set(labels, lags[at]?.lag ?? 0);
  });
  metrics.gauge("holdfast_dlq_size", "Dead letters kept", ["agent", "tool"], async (gauge) => {
    const topics = topicsNow();
    const sizes = await Promise.all(topics.map(({ topic }) => queues.dlqSize(topic)));
    for (const [at, { labels }] of topics.entries()) gauge.set(labels, sizes[at] ?? 0);
  });
}
