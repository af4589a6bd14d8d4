import { type MessageEnvelope, type Run, type RunEvent, RunStatus, streamTopic } from "@holdfast/protocol";
import { leaveIndex } from "../approvals/waiting-index.ts";
import { type Commands, text } from "../connection/commands.ts";
import { historyKey, inboxKey, metaKey, runKey, steerKey, unfinishedKey } from "../keys.ts";
import type { Control } from "../ports/control.ts";
import type { Conversations } from "../ports/conversations.ts";
import { userMessage } from "./history-messages.ts";
import { storeRecord } from "./history-record.ts";
import type { Note, Outbox } from "./outbox.ts";
import { settleNote } from "./settle-note.ts";

/** The script knows the attempt; this number marks where it goes. */
const ATTEMPT_TO_FILL_IN = -1;

/** Cancel is a durable flag of the run; the control topic is only the bell that makes the owner look (protocol §2.7). */
export async function cancelRun(
  commands: Commands,
  control: Control,
  outbox: Outbox,
  run: Run,
  by: string,
): ReturnType<Conversations["cancelRun"]> {
  const now = new Date().toISOString();
  const ending: RunEvent = {
    attempt: ATTEMPT_TO_FILL_IN,
    event: "run",
    conversation_id: run.conversation_id,
    created_at: now,
    run_id: run.id,
    agent: run.agent,
    status: "cancelled",
    message_id: run.message_id,
    reason: "cancelled",
  };
  const id = run.conversation_id;
  const keys = [streamTopic(id), metaKey(id), runKey(id, run.id), inboxKey(id), historyKey(id), steerKey(id)];
  // A run that was parked leaves an inbox that no queue entry answers for.
  const note: Note = { kind: "wake", conversationId: id, runId: run.id };
  const put = await outbox.put(note);
  const args = [run.id, by, JSON.stringify(ending), now, ...(await unheard(commands, run))];
  let hasEnded = false;
  let asked = "";
  const reply = await commands.durably([streamTopic(id)], async () => {
    const answer = await commands.script("cancel-6", keys, args);
    hasEnded ||= text(answer[0]) === "cancelled";
    asked ||= text(answer[3]);
    return answer;
  });
  // Asked again, the script finds what the first asking ended.
  const outcome = text(reply[0]) === "ended" && hasEnded ? "cancelled" : text(reply[0]);
  // Also where it had ended before: the one who ended it may have died before it woke what stands behind it.
  await settleNote(commands, note);
  await outbox.remove(put);
  // The index is a hint, tidied by who reads it.
  await leaveIndex(commands, id, asked).catch(() => undefined);
  if (outcome === "missing") return undefined;
  if (outcome !== "requested") await commands.send((redis) => redis.zrem(unfinishedKey(run.agent), `${id} ${run.id}`));
  if (outcome === "requested") await control.send(run.agent, { type: "cancel", run_id: run.id, by, flagged: true });
  return {
    outcome: outcome as "requested" | "cancelled" | "ended",
    status: RunStatus.parse(text(reply[1])),
    agent: run.agent,
  };
}

/** As the history is to hold a message that nobody worked on, and the same where it is not for the model to hear. */
async function unheard(commands: Commands, { id, conversation_id }: Run): Promise<[string, string]> {
  const stored = await commands.send((redis) => redis.hget(runKey(conversation_id, id), "envelope"));
  // It goes when the run ends, and then there is nothing to record.
  if (stored === null) return ["", ""];
  const shown = userMessage(JSON.parse(stored) as MessageEnvelope, id);
  return [storeRecord({ shown, model: { role: "user", content: shown.content } }), storeRecord({ shown })];
}
