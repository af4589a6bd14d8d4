import { chatTopic, type MessageEnvelope, type StreamEvent, streamTopic } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { historyKey, inboxKey, metaKey, runKey } from "../keys.ts";
import { entryNow } from "../log/entry-now.ts";
import { fieldOf } from "../log/redis-event-log.ts";
import { buryMessage } from "../queue/bury.ts";
import { publishEntry } from "../queue/publish-entry.ts";
import { LETTER_FIELD, type OwedLetter } from "../runs/owed-letter.ts";
import { parseTrace } from "../trace-fields.ts";
import { publishAnswer, publishTurn } from "./chat-topics.ts";
import { readRecord } from "./history-record.ts";
import type { Note } from "./outbox.ts";

/** Does the write that a note of the outbox stands for, where it is still wanted. Answers whether it was. */
export async function settleNote(commands: Commands, { kind, conversationId, runId }: Note): Promise<boolean> {
  if (kind === "wake") return wake(commands, conversationId);
  if (kind === "letter") return settleLetter(commands, conversationId, runId);
  return kind === "turn" ? settleTurn(commands, conversationId, runId) : settleAnswer(commands, conversationId, runId);
}

async function settleTurn(commands: Commands, conversationId: string, runId: string): Promise<boolean> {
  const names = ["status", "agent", "message_id", "envelope", "trace", "turn"] as const;
  const values = await commands.send((redis) => redis.hmget(runKey(conversationId, runId), ...names));
  const [status, agent, messageId, envelope, trace, turn = ""] = values.map((value) => value ?? "");
  if (!agent || !messageId) return false;
  // Only what waits is queued. In the conversation's topic it is missing whatever became of it: somebody who found the
  // turn in the inbox may have answered it long since.
  const alreadyQueued = status !== "queued";
  const said = envelope || (await fromLog(commands, { conversationId, runId }, agent));
  if (!said) return false;
  const turnOf = { conversationId, agent, messageId, envelope: said, trace: parseTrace(trace), turn, alreadyQueued };
  await publishTurn(commands, turnOf);
  return true;
}

/** The envelope of a run that has ended, which keeps none: the log has all of it but its metadata. */
async function fromLog(
  commands: Commands,
  { conversationId, runId }: Omit<Note, "kind">,
  agent: string,
): Promise<string | undefined> {
  const acceptedAs = await commands.send((redis) => redis.hget(runKey(conversationId, runId), "entry"));
  if (!acceptedAs) return undefined;
  const look = async () => {
    const id = await entryNow(commands, conversationId, acceptedAs);
    return (await commands.send((redis) => redis.xrange(streamTopic(conversationId), id, id)))[0];
  };
  // The log may begin another epoch between the two looks.
  const entry = (await look()) ?? (await look());
  const event = entry && (JSON.parse(fieldOf(entry[1], "payload")) as StreamEvent);
  if (event?.event !== "user_message") return undefined;
  const envelope: MessageEnvelope = {
    id: event.message_id,
    conversation_id: conversationId,
    sender: event.sender,
    recipient: `agent:${agent}`,
    type: "message",
    content: event.content,
    metadata: {},
    created_at: event.created_at,
  };
  return JSON.stringify(envelope);
}

async function settleAnswer(commands: Commands, conversationId: string, runId: string): Promise<boolean> {
  const names = ["status", "agent", "turn", "finished_at"] as const;
  const values = await commands.send((redis) => redis.hmget(runKey(conversationId, runId), ...names));
  const [status, agent, turn = "", createdAt = ""] = values.map((value) => value ?? "");
  if (status !== "completed" || !agent) return false;
  const spoken = await lastOf(commands, conversationId, runId);
  if (!spoken) return false;
  await publishAnswer(commands, { conversationId, runId, agent, ...spoken, turn, createdAt });
  return true;
}

async function settleLetter(commands: Commands, conversationId: string, runId: string): Promise<boolean> {
  const key = runKey(conversationId, runId);
  const owed = await commands.send((redis) => redis.hget(key, LETTER_FIELD));
  if (!owed) return false;
  const { topic, message, error } = JSON.parse(owed) as OwedLetter;
  await buryMessage(commands, topic, message, error);
  await commands.send((redis) => redis.hdel(key, LETTER_FIELD));
  return true;
}

/**
 * Queues again what a conversation is to do next, where no entry answers for it: the run that humans have decided about, or
 * the next turn once nothing is active. One entry too many does no harm, the claim judges by the state.
 */
async function wake(commands: Commands, conversationId: string): Promise<boolean> {
  const active = await commands.send((redis) => redis.hget(metaKey(conversationId), "active"));
  const runId = active ?? (await commands.send((redis) => redis.lindex(inboxKey(conversationId), 0)));
  if (!runId) return false;
  const names = ["status", "waits", "agent", "message_id", "envelope", "trace"] as const;
  const values = await commands.send((redis) => redis.hmget(runKey(conversationId, runId), ...names));
  const [status, waits, agent, messageId, envelope, trace] = values.map((value) => value ?? "");
  const isReady = active ? status === "requires_action" && Number(waits) <= 0 : status === "queued";
  if (!isReady || !agent || !messageId || !envelope) return false;
  await publishEntry(commands, chatTopic(agent), { id: messageId, payload: envelope, trace: parseTrace(trace) });
  return true;
}

/** A finished run's answer and whom it is for, from the history. */
async function lastOf(
  commands: Commands,
  conversationId: string,
  runId: string,
): Promise<{ text: string; recipient: string } | undefined> {
  const entries = await commands.send((redis) => redis.lrange(historyKey(conversationId), 0, -1));
  const own = entries.map((entry) => readRecord(entry).shown).filter((shown) => shown.run_id === runId);
  const answer = own.findLast((shown) => shown.role === "assistant");
  if (!answer) return undefined;
  return { text: answer.content, recipient: own.find((shown) => shown.role === "user")?.sender ?? "user:anonymous" };
}
