import { chatTopic, isTerminal, RunStatus, WORKERS_GROUP } from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import { inboxKey, metaKey, runKey, unfinishedKey } from "../keys.ts";
import type { Presence } from "../ports/control.ts";
import { parseTrace, traceFields } from "../trace-fields.ts";

const BATCH = 100;

/**
 * The last resort for a run that nobody would ever work on: not ended, without a living owner, and its queue entry gone or in
 * the hands of one that does not work on it. Its envelope is queued again under the same id; whoever finds that the run has
 * an owner or is over acknowledges it. So only how often it looks has a price, never that it looks.
 *
 * - Where something is unread the entry may be on its way: nothing is looked at.
 * - Of a conversation only the run that is active, or the next one where none is, can be stranded: the others follow it.
 * - A run that waits for a human is not stranded.
 */
export async function requeueStranded(
  commands: Commands,
  presence: Presence,
  agent: string,
  olderThanMs: number,
): Promise<number> {
  if (await hasUnread(commands, chatTopic(agent))) return 0;
  const key = unfinishedKey(agent);
  const now = Date.now();
  let queued = 0;
  // What is taken here nobody else looks at for as long again.
  for (const member of (await commands.script("take-due-1", [key], [now - olderThanMs, now, BATCH])).map(text)) {
    const [conversationId = "", runId = ""] = member.split(" ");
    const outcome = await lookAt(commands, presence, { agent, conversationId, runId });
    if (outcome === "queued") queued += 1;
    else if (outcome === "over") await commands.send((redis) => redis.zrem(key, member));
  }
  return queued;
}

interface Suspect {
  readonly agent: string;
  readonly conversationId: string;
  readonly runId: string;
}

async function lookAt(commands: Commands, presence: Presence, suspect: Suspect): Promise<"over" | "fine" | "queued"> {
  const { agent, conversationId, runId } = suspect;
  const [run, [active, owner], next] = await Promise.all([
    commands.send((redis) =>
      redis.hmget(runKey(conversationId, runId), "status", "message_id", "envelope", "trace", "agent", "waits"),
    ),
    commands.send((redis) => redis.hmget(metaKey(conversationId), "active", "owner")),
    commands.send((redis) => redis.lindex(inboxKey(conversationId), 0)),
  ]);
  const status = RunStatus.safeParse(run[0]).data;
  if (status === undefined || isTerminal(status)) return "over";
  if ((active ?? next) !== runId || isAsking(status, run[5])) return "fine";
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
  const fields = ["id", messageId, "payload", envelope, ...traceFields(parseTrace(trace ?? undefined))];
  await commands.send((redis) => redis.xadd(chatTopic(agent), "*", ...fields));
  return true;
}

/** True where an entry was never given to any worker. */
async function hasUnread(commands: Commands, topic: string): Promise<boolean> {
  if (!(await commands.send((redis) => redis.exists(topic)))) return false;
  const [stream, groups] = await Promise.all([
    commands.send((redis) => redis.xinfo("STREAM", topic)),
    commands.send((redis) => redis.xinfo("GROUPS", topic)),
  ]);
  const group = (groups as unknown[][]).map(fieldsOf).find((fields) => fields.get("name") === WORKERS_GROUP);
  return group?.get("last-delivered-id") !== fieldsOf(stream as unknown[]).get("last-generated-id");
}

function fieldsOf(flat: readonly unknown[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(String(flat[at]), String(flat[at + 1]));
  return fields;
}
