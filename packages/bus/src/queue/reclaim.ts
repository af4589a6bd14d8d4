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

/**
 * An entry of a living consumer that was not kept fresh for this long was handed over or forgotten. Far above what any
 * consumer lets pass between two signs of work.
 */
const ABANDONED_MS = 900_000;

type Pending = [entryId: string, owner: string, idleMs: number, deliveries: number][];

/**
 * Takes entries whose consumer no longer beats, and those a living one handed over. JUSTID: being claimed is not a delivery
 * and must not count as a failure.
 */
export async function reclaimAbandoned(commands: Commands, presence: Presence, scope: Scope): Promise<Entry[]> {
  const { topic, group, consumer } = scope;
  const summary = (await commands.send((redis) => redis.xpending(topic, group))) as [
    number,
    string,
    string,
    [string, string][] | null,
  ];
  const entries: Entry[] = [];
  for (const [owner] of summary[3] ?? []) {
    if (owner === consumer || entries.length >= scope.count) continue;
    const minIdleMs = (await presence.isAlive(owner)) ? ABANDONED_MS : MIN_IDLE_MS;
    const count = scope.count - entries.length;
    const pending = (await commands.send((redis) =>
      redis.xpending(topic, group, "IDLE", minIdleMs, "-", "+", count, owner),
    )) as Pending;
    const ids = pending.map(([entryId]) => entryId);
    if (ids.length > 0) entries.push(...(await claim(commands, scope, minIdleMs, ids)));
    // The last entries of a dead consumer are ours now: its name has nothing left to stand for.
    if (minIdleMs === MIN_IDLE_MS) await commands.script("forget-consumer-1", [topic], [group, owner]);
  }
  return entries;
}

async function claim(commands: Commands, scope: Scope, minIdleMs: number, ids: readonly string[]): Promise<Entry[]> {
  const { topic, group, consumer } = scope;
  const entries: Entry[] = [];
  const claimed = (await commands.send((redis) =>
    redis.xclaim(topic, group, consumer, minIdleMs, ...ids, "JUSTID"),
  )) as string[];
  for (const entryId of claimed) {
    const [found] = await commands.send((redis) => redis.xrange(topic, entryId, entryId));
    // Deleted, yet still pending: its work was done, only the acknowledgement was lost.
    if (found) entries.push(entryFrom(topic, entryId, found[1], true));
    else await commands.send((redis) => redis.xack(topic, group, entryId));
  }
  return entries;
}
