import { setTimeout as delay } from "node:timers/promises";
import type { TopicTail } from "../connection/blocking-reads.ts";
import type { Commands } from "../connection/commands.ts";
import { fieldOf } from "../log/redis-event-log.ts";

const RETRY_MS = 250;

export interface TopicsTail {
  /** Follows these too, from now on. */
  add(topics: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Calls `onEntry` with every entry appended to `topics` from now on. Positions are kept here, so a reconnect misses nothing. */
export async function tailTopics(
  commands: Commands,
  tail: TopicTail,
  topics: readonly string[],
  onEntry: (topic: string, entryId: string, payload: string) => void,
): Promise<TopicsTail> {
  const cursors = new Map<string, string>();
  async function add(more: readonly string[]): Promise<void> {
    for (const topic of more.filter((name) => !cursors.has(name))) {
      const [newest] = await commands.send((redis) => redis.xrevrange(topic, "+", "-", "COUNT", 1));
      cursors.set(topic, newest?.[0] ?? "0-0");
    }
  }
  await add(topics);
  const stopping = new AbortController();

  async function readOnce(): Promise<void> {
    for (const [topic, entries] of await tail.next(cursors)) {
      for (const [entryId, fields] of entries) {
        cursors.set(topic, entryId);
        onEntry(topic, entryId, fieldOf(fields, "payload"));
      }
    }
  }

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      try {
        if (cursors.size > 0) await readOnce();
        else await delay(RETRY_MS);
      } catch {
        if (!stopping.signal.aborted) await delay(RETRY_MS);
      }
    }
  })();
  return {
    add,
    async stop() {
      stopping.abort();
      tail.close();
      await loop;
    },
  };
}
