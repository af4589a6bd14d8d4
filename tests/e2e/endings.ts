import type { HoldfastClient } from "@holdfast/client";
import { isTerminal, type RunStatus, type StreamEvent } from "@holdfast/protocol";
import { until } from "@holdfast/testing";

/** The status that a run ends with. */
export async function ended(client: HoldfastClient, runId: string): Promise<RunStatus> {
  const status = async () => (await client.run(runId)).status;
  await until(async () => isTerminal(await status()), { timeoutMs: 60_000, what: "the run ends" });
  return status();
}

/** Every event of a conversation, up to the first end of a run. */
export async function eventsOf(client: HoldfastClient, conversationId: string): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  const reading = new AbortController();
  await client.follow(conversationId, {
    signal: reading.signal,
    onFrame: ({ event: any }) => {
      const event = any as StreamEvent;
      events.push(event);
      if (event.event === "run" && isTerminal(event.status)) reading.abort();
    },
  });
  return events;
}
