import type { Commands } from "../connection/commands.ts";
import type { Presence } from "../ports/control.ts";
import type { Entry } from "../ports/entry.ts";
import { entryFrom } from "./entry-from.ts";

/** Two reapers that see the same dead consumer: whoever claims second finds the entry too young. */
const MIN_IDLE_MS = 1_000;

interface Scope {
  readonly topic: string;
  readonly group: string;
  readonly consumer: string;
  readonly count: number;
}

/** Takes entries whose consumer no longer beats. JUSTID: being claimed is not a delivery and must not count as a failure. */
export async function reclaimFromDead(commands: Commands, presence: Presence, scope: Scope): Promise<Entry[]> {
  const { topic, group, consumer } = scope;
  const summary = (await commands.send((redis) => redis.xpending(topic, group))) as [
    number,
    string,
    string,
    [string, string][] | null,
  ];
  const entries: Entry[] = [];
  for (const [owner] of summary[3] ?? []) {
    if (owner === consumer || (await presence.isAlive(owner))) continue;
    const pending = (await commands.send((redis) => redis.xpending(topic, group, "-", "+", scope.count, owner))) as [
      string,
      string,
      number,
      number,
    ][];
    const ids = pending.map(([entryId]) => entryId);
    if (ids.length === 0) continue;
    const claimed = (await commands.send((redis) =>
      redis.xclaim(topic, group, consumer, MIN_IDLE_MS, ...ids, "JUSTID"),
    )) as string[];
    for (const entryId of claimed) {
      const [found] = await commands.send((redis) => redis.xrange(topic, entryId, entryId));
      // Deleted, yet still pending: its work was done, only the acknowledgement was lost.
      if (found) entries.push(entryFrom(topic, entryId, found[1], true));
      else await commands.send((redis) => redis.xack(topic, group, entryId));
    }
  }
  return entries;
}
