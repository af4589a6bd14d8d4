import type { Commands } from "../connection/commands.ts";
import { publishAnswer } from "../conversations/chat-topics.ts";
import type { Outbox, PutNote } from "../conversations/outbox.ts";
import { unfinishedKey } from "../keys.ts";
import { BusUnavailable } from "../ports/errors.ts";
import type { ClaimedRun, RunEnding } from "../ports/runs.ts";
import type { Upkeep } from "../retention/upkeep.ts";

export interface EndedRun {
  readonly run: ClaimedRun;
  readonly turn: string;
  readonly ending: RunEnding;
  readonly finishedAt: string;
  /** The note that stands for this. */
  readonly note: PutNote | undefined;
}

/**
 * What a run's end means in other slots, once it is durable in its conversation's. Where it fails, the outbox's sweep publishes
 * and the index is tidied by who reads it.
 */
export async function settleEnding(
  { commands, outbox, upkeep }: { commands: Commands; outbox: Outbox; upkeep: Upkeep },
  { run, turn, ending, finishedAt, note }: EndedRun,
): Promise<void> {
  const { conversationId, id, agent, envelope } = run;
  const isAnswered = note !== undefined && ending.status === "completed";
  const said = isAnswered ? ending.output?.text : undefined;
  const answer = { conversationId, runId: id, agent, recipient: envelope.sender, turn, createdAt: finishedAt };
  const publish = async (): Promise<void> => {
    if (said !== undefined) await publishAnswer(commands, { ...answer, text: said });
    if (isAnswered) await outbox.remove(note);
  };
  try {
    await Promise.all([
      commands.send((redis) => redis.zrem(unfinishedKey(agent), `${conversationId} ${id}`)),
      publish(),
      upkeep.rest(conversationId, id),
    ]);
  } catch (error) {
    if (!(error instanceof BusUnavailable)) throw error;
  }
}
