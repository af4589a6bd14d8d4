import { chatTopic, isTerminal, RunStatus, WORKERS_GROUP } from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import { inboxKey, metaKey, runKey, unfinishedKey } from "../keys.ts";
import type { Presence } from "../ports/control.ts";
import { publishEntry } from "../queue/publish-entry.ts";
import { parseTrace } from "../trace-fields.ts";

const BATCH = 100;

/**
 * The last resort for a run that nobody would ever work on: not ended, without a living owner, and its queue entry gone or in
 * the hands of one that does not work on it. Its envelope is queued again under the same id; whoever finds that the run has
 * an owner or is over acknowledges it. So only how often it looks has a price, never that it looks.
 *
 * - What waits unread may be its entry: only those are looked at that were queued, and looked at, so long before the oldest
 *   unread entry that theirs must have been given out. So a queue that is never empty costs time, and an entry that was
 *   deleted unread is missed too; each look queues a run once at most, and the next waits until that entry has been read.
 * - Of a conversation only the run that is active, or the next one where none is, can be stranded: the others follow it.
 * - A run that waits for a human is not stranded, nor in a drain (`begun`) one that has not begun: its entry is held.
 */
export async function requeueStranded(
  commands: Commands,
  presence: Presence,
  agent: string,
  olderThanMs: number,
  which: "any" | "begun" = "any",
): Promise<number> {
  const key = unfinishedKey(agent);
  const now = Date.now();
  const readUntilMs = await oldestUnreadMs(commands, chatTopic(agent));
  let queued = 0;
  // What is taken here nobody else looks at for as long again.
  for (const member of (
    await commands.script("take-due-1", [key], [Math.min(now, readUntilMs) - olderThanMs, now + Math.random(), BATCH])
  ).map(text)) {
    const [conversationId = "", runId = ""] = member.split(" ");
    const outcome = await lookAt(commands, presence, { agent, conversationId, runId, which });
    if (outcome === "queued") queued += 1;
    else if (outcome === "over") await commands.send((redis) => redis.zrem(key, member));
  }
  return queued;
}

interface Suspect {
  readonly agent: string;
  readonly conversationId: string;
  readonly runId: string;
  readonly which: "any" | "begun";
}

async function lookAt(commands: Commands, presence: Presence, suspect: Suspect): Promise<"over" | "fine" | "queued"> {
  const { agent, conversationId, runId, which } = suspect;
  const [run, [active, owner], next] = await Promise.all([
    commands.send((redis) =>
      redis.hmget(runKey(conversationId, runId), "status", "message_id", "envelope", "trace", "agent", "waits"),
    ),
    commands.send((redis) => redis.hmget(metaKey(conversationId), "active", "owner")),
    commands.send((redis) => redis.lindex(inboxKey(conversationId), 0)),
  ]);
  const status = RunStatus.safeParse(run[0]).data;
  if (status === undefined || isTerminal(status)) return "over";
  if ((active ?? (which === "any" ? next : undefined)) !== runId || isAsking(status, run[5])) return "fine";
  if (active && owner && (await presence.isAlive(owner))) return "fine";
  return (await queueAgain(commands, agent, run)) ? "queued" : "fine";
}

/** Once humans have decided, the run is to go on like any other. */
function isAsking(status: RunStatus, waits: string | null | undefined): boolean {
  return status === "requires_action" && Number(waits) > 0;
}

async function queueAgain(commands: Commands, agent: string, run: readonly (string | null)[]): Promise<boolean> {
  const [, messageId, envelope, trace, ofAgent] = run;
  if (!messageId || !envelope || ofAgent !== agent) return false;
  const entry = { id: messageId, payload: envelope, trace: parseTrace(trace ?? undefined) };
  await publishEntry(commands, chatTopic(agent), entry);
  return true;
}

/** When the oldest entry was appended that no worker was given yet, unix ms; Infinity where there is none. */
async function oldestUnreadMs(commands: Commands, topic: string): Promise<number> {
  if (!(await commands.send((redis) => redis.exists(topic)))) return Infinity;
  const groups = (await commands.send((redis) => redis.xinfo("GROUPS", topic))) as unknown[][];
  const group = groups.map(fieldsOf).find((fields) => fields.get("name") === WORKERS_GROUP);
  const after = group?.get("last-delivered-id") ?? "0-0";
  const [oldest] = await commands.send((redis) => redis.xrange(topic, `(${after}`, "+", "COUNT", 1));
  return oldest ? Number(oldest[0].split("-")[0]) : Infinity;
}

function fieldsOf(flat: readonly unknown[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(String(flat[at]), String(flat[at + 1]));
  return fields;
}
