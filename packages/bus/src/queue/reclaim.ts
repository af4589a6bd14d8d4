import type { Commands } from "../connection/commands.ts";
import type { Presence } from "../ports/control.ts";
import type { Entry } from "../ports/entry.ts";
import type { Takeable } from "../ports/runs.ts";
import { metaKey, runKey } from "../keys.ts";
import { entryFrom } from "./entry-from.ts";

/** Two reapers that see the same dead consumer: whoever claims second finds the entry too young. */
const MIN_IDLE_MS = 1_000;

/**
 * Names that stand for nobody: what is pending to them is held, by whether its run had begun. Kept apart because an agent that
 * drains for long may hold very many that have not begun, and then nobody is to look through them.
 */
export const HELD = { begun: "held:begun", queued: "held:queued" } as const;

/** Entries looked at for one whose run may be taken. */
const MOST_LOOKED_AT = 1_000;

interface Scope {
  readonly topic: string;
  readonly group: string;
  readonly consumer: string;
  readonly count: number;
  /** Leaves entries alone of whose conversation no such run is active. */
  readonly take: Takeable;
}

/** What is worked on is kept fresh twice as often: an entry of our own that was not is one that nobody here knows of. */
const UNKEPT_MS = 20_000;

/**
 * An entry of a living consumer that was not kept fresh for this long was handed over or forgotten. Far above what any
 * consumer lets pass between two signs of work.
 */
const ABANDONED_MS = 900_000;

interface Reclaimed {
  readonly entries: Entry[];
  /**
   * Something may be pending to us that we have not seen. Some entries were not to be had, and it may have been we ourselves who
   * took them: the client sends again what was not answered. Or another gave us one that is no work of ours.
   */
  readonly mayHaveMore: boolean;
}

const NOTHING: Reclaimed = { entries: [], mayHaveMore: false };

type Pending = [entryId: string, owner: string, idleMs: number, deliveries: number][];

/**
 * Takes entries whose consumer no longer beats, and those a living one handed over. JUSTID: being claimed is not a delivery
 * and must not count as a failure.
 */
export async function reclaimAbandoned(commands: Commands, presence: Presence, scope: Scope): Promise<Reclaimed> {
  const { topic, group, consumer } = scope;
  const summary = (await commands.send((redis) => redis.xpending(topic, group))) as [
    number,
    string,
    string,
    [string, string][] | null,
  ];
  const entries: Entry[] = [];
  let mayHaveMore = false;
  for (const [owner] of summary[3] ?? []) {
    const count = scope.count - entries.length;
    if (count <= 0) break;
    if (owner === HELD.queued && scope.take !== "any") continue;
    if (owner === consumer) mayHaveMore ||= await hasUnkept(commands, scope);
    else {
      const taken = await takeFrom(commands, presence, { ...scope, count }, owner);
      entries.push(...taken.entries);
      mayHaveMore ||= taken.mayHaveMore;
    }
  }
  return { entries, mayHaveMore };
}

async function hasUnkept(commands: Commands, { topic, group, consumer }: Scope): Promise<boolean> {
  const unkept = await commands.send((redis) => redis.xpending(topic, group, "IDLE", UNKEPT_MS, "-", "+", 1, consumer));
  return unkept.length > 0;
}

async function takeFrom(commands: Commands, presence: Presence, scope: Scope, owner: string): Promise<Reclaimed> {
  const { topic, group, take, count } = scope;
  const minIdleMs = (await presence.isAlive(owner)) ? ABANDONED_MS : MIN_IDLE_MS;
  const pending = (await commands.send((redis) =>
    redis.xpending(topic, group, "IDLE", minIdleMs, "-", "+", take !== "any" ? MOST_LOOKED_AT : count, owner),
  )) as Pending;
  const abandoned = pending.map(([entryId]) => entryId);
  const ids = take === "any" ? abandoned : (await takeable(commands, scope, abandoned)).slice(0, count);
  const taken = ids.length > 0 ? await claim(commands, scope, { owner, minIdleMs, ids }) : NOTHING;
  // The last entries of a dead consumer are ours now: its name has nothing left to stand for.
  if (minIdleMs === MIN_IDLE_MS) await forgetConsumer(commands, scope, owner);
  return taken;
}

/** Names looked at in one pass. */
const MOST_NAMES = 1_000;

/**
 * Those who died without an entry in hand left their name alone, which no pending entry leads to. Never in the way of the
 * living: what is pending is kept, and a name without an entry comes back with its next read.
 */
export async function forgetTheDead(
  commands: Commands,
  presence: Presence,
  { topic, group, consumer }: Pick<Scope, "topic" | "group" | "consumer">,
): Promise<void> {
  const consumers = (await commands.send((redis) => redis.xinfo("CONSUMERS", topic, group))) as unknown[][];
  const idle = consumers
    .filter((fields) => fields[fields.indexOf("pending") + 1] === 0)
    .map((fields) => String(fields[fields.indexOf("name") + 1]));
  for (const name of idle.slice(0, MOST_NAMES))
    if (name !== consumer && !(await presence.isAlive(name))) await forgetConsumer(commands, { topic, group }, name);
}

/** Unless something is pending to it. */
export async function forgetConsumer(
  commands: Commands,
  { topic, group }: Pick<Scope, "topic" | "group">,
  name: string,
): Promise<void> {
  await commands.script("forget-consumer-1", [topic], [group, name]);
}

/** Those in whose conversation a run has begun and not ended, and was cancelled where that is asked for. */
async function takeable(commands: Commands, { topic, take }: Scope, ids: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    ids.map(async (entryId) => {
      const [entry] = await commands.send((redis) => redis.xrange(topic, entryId, entryId));
      const conversationId = entry && conversationOf(entryFrom(topic, entryId, entry[1]).payload);
      if (conversationId === undefined) return [];
      const active = await commands.send((redis) => redis.hget(metaKey(conversationId), "active"));
      if (!active) return [];
      if (take === "begun") return [entryId];
      return (await commands.send((redis) => redis.hexists(runKey(conversationId, active), "cancel"))) ? [entryId] : [];
    }),
  );
  return found.flat();
}

function conversationOf(payload: string): string | undefined {
  try {
    const { conversation_id: id } = JSON.parse(payload) as { conversation_id?: unknown };
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}

async function claim(
  commands: Commands,
  scope: Scope,
  { owner, minIdleMs, ids }: { owner: string; minIdleMs: number; ids: readonly string[] },
): Promise<Reclaimed> {
  const { topic, group, consumer } = scope;
  const claimed = (await commands.send((redis) =>
    redis.xclaim(topic, group, consumer, minIdleMs, ...ids, "JUSTID"),
  )) as string[];
  return { entries: await readAll(commands, scope, claimed, owner), mayHaveMore: claimed.length < ids.length };
}

/** Entries that are pending to us under these ids. */
async function readAll(
  commands: Commands,
  { topic, group }: Pick<Scope, "topic" | "group">,
  ids: readonly string[],
  reclaimedFrom: string,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const entryId of ids) {
    const [found] = await commands.send((redis) => redis.xrange(topic, entryId, entryId));
    // Deleted, yet still pending: its work was done, only the acknowledgement was lost.
    if (found) entries.push(entryFrom(topic, entryId, found[1], reclaimedFrom));
    else await commands.send((redis) => redis.xack(topic, group, entryId));
  }
  return entries;
}

/** Pending entries that are looked at at once. */
const PAGE = 1_000;

/**
 * What is pending to us and not in hand. Looked at by XPENDING: reading one's own history makes everything in it look fresh, and
 * delivered once more. Who had the entries before is not known, and may live.
 */
export async function unseenOf(
  commands: Commands,
  scope: Pick<Scope, "topic" | "group" | "consumer">,
  isInHand: (entryId: string) => boolean,
): Promise<Entry[]> {
  const { topic, group, consumer } = scope;
  const unseen: string[] = [];
  for (let from = "-"; ; ) {
    const page = (await commands.send((redis) => redis.xpending(topic, group, from, "+", PAGE, consumer))) as Pending;
    for (const [entryId] of page) if (!isInHand(entryId)) unseen.push(entryId);
    const last = page.at(-1);
    if (page.length < PAGE || !last) break;
    from = `(${last[0]}`;
  }
  return readAll(commands, scope, unseen, consumer);
}
