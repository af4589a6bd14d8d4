import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import { fieldOf } from "../log/redis-event-log.ts";

const BLOCK_MS = 1_000;
const RETRY_MS = 250;

/** Calls `onEntry` with every entry appended to `topics` from now on. Positions are kept here, so a reconnect misses nothing. */
export async function tailTopics(
  blocking: Redis,
  topics: readonly string[],
  onEntry: (topic: string, payload: string) => void,
): Promise<() => Promise<void>> {
  const cursors = new Map<string, string>();
  for (const topic of topics)
    cursors.set(topic, (await blocking.xrevrange(topic, "+", "-", "COUNT", 1))[0]?.[0] ?? "0-0");
  const stopping = new AbortController();

  async function readOnce(): Promise<void> {
    const reply = await blocking.xread(
      "BLOCK",
      BLOCK_MS,
      "STREAMS",
      ...topics,
      ...topics.map((topic) => cursors.get(topic) ?? "0-0"),
    );
    for (const [topic, entries] of reply ?? []) {
      for (const [entryId, fields] of entries) {
        cursors.set(topic, entryId);
        onEntry(topic, fieldOf(fields, "payload"));
      }
    }
  }

  const loop = (async () => {
    while (!stopping.signal.aborted && topics.length > 0) {
      try {
        await readOnce();
      } catch {
        if (!stopping.signal.aborted) await delay(RETRY_MS);
      }
    }
  })();
  return async () => {
    stopping.abort();
    blocking.disconnect();
    await loop;
  };
}
