import { completeEnvelope, type MessageEnvelope, type RunEvent, streamTopic } from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import { uuidV5 } from "../ids.ts";
import { inboxKey, messagesKey, metaKey, runKey, runPointerKey, tombstoneKey, unfinishedKey } from "../keys.ts";
import type { Upkeep } from "../retention/upkeep.ts";

/** A new run for a message whose run has ended. Undefined where there is nothing to begin anew: queue the entry as it is. */
export async function redriveMessage(
  commands: Commands,
  upkeep: Upkeep,
  entry: { id: string; payload: string; agent: string },
): Promise<string | undefined> {
  const envelope = readEnvelope(entry);
  if (!envelope) return undefined;
  const conversationId = envelope.conversation_id;
  const known = await commands.send((redis) => redis.hget(messagesKey(conversationId), envelope.id));
  if (!known) return undefined;
  const { run_id: ended, redrives = 0 } = JSON.parse(known) as { run_id: string; redrives?: number };
  const runId = uuidV5(conversationId, `${envelope.id}/redrive/${redrives + 1}`);
  await commands.send((redis) => redis.set(runPointerKey(runId), conversationId, "PX", upkeep.newPointerMs));
  await commands.send((redis) => redis.zadd(unfinishedKey(entry.agent), Date.now(), `${conversationId} ${runId}`));
  const now = new Date().toISOString();
  const queued: RunEvent = {
    event: "run",
    conversation_id: conversationId,
    created_at: now,
    run_id: runId,
    agent: entry.agent,
    attempt: 0,
    status: "queued",
    message_id: envelope.id,
    reason: "redriven",
  };
  const keys = [
    streamTopic(conversationId),
    metaKey(conversationId),
    messagesKey(conversationId),
    inboxKey(conversationId),
    runKey(conversationId, runId),
    tombstoneKey(conversationId),
  ];
  const args = [
    envelope.id,
    runId,
    ended,
    JSON.stringify(queued),
    entry.agent,
    JSON.stringify(envelope),
    "{}",
    now,
    upkeep.conversationTtlMs,
  ];
  const reply = await commands.script("redrive-6", keys, args);
  return text(reply[0]) === "redriven" ? runId : undefined;
}

/** What a worker would make of the entry; undefined for one that no worker can read. */
function readEnvelope({
  id,
  payload,
  agent,
}: {
  id: string;
  payload: string;
  agent: string;
}): MessageEnvelope | undefined {
  try {
    const envelope = completeEnvelope(JSON.parse(payload), { id, agent, now: new Date() });
    return envelope.type === "message" ? envelope : undefined;
  } catch {
    return undefined;
  }
}
