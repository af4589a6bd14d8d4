import { chatTopic, type MessageEnvelope } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { uuidV5 } from "../ids.ts";
import { metaKey } from "../keys.ts";
import type { TraceContext } from "../ports/entry.ts";
import { entryFields, publishEntry } from "../queue/publish-entry.ts";

/** What is published in the `chat:` topics: an accepted turn in its conversation's and its agent's, an answer in its conversation's. */

export interface Turn {
  readonly conversationId: string;
  readonly agent: string;
  readonly messageId: string;
  readonly envelope: string;
  readonly trace: TraceContext;
  /** Number of the turn in its conversation: the order of `chat:<conversation>`. */
  readonly turn: string;
  /** True where the entry in `chat:<agent>` is there already. */
  readonly alreadyQueued?: boolean;
}

export async function publishTurn(commands: Commands, turn: Turn): Promise<void> {
  const entry = { id: turn.messageId, payload: turn.envelope, trace: turn.trace };
  await Promise.all([
    // It may have had a time to live, from when the conversation rested.
    publishInConversation(commands, turn.conversationId, [...entryFields(entry), "turn", turn.turn], {
      persists: true,
    }),
    turn.alreadyQueued ? undefined : publishEntry(commands, chatTopic(turn.agent), entry),
  ]);
}

export interface Answer {
  readonly conversationId: string;
  readonly runId: string;
  readonly agent: string;
  readonly recipient: string;
  readonly text: string;
  readonly turn: string;
  readonly createdAt: string;
}

/** The id follows from the run: an answer published twice is the same answer. */
export async function publishAnswer(commands: Commands, answer: Answer): Promise<void> {
  const envelope: MessageEnvelope = {
    id: uuidV5(answer.runId, "answer"),
    conversation_id: answer.conversationId,
    sender: `agent:${answer.agent}`,
    recipient: answer.recipient,
    type: "message",
    content: answer.text,
    metadata: { run_id: answer.runId },
    created_at: answer.createdAt,
  };
  const fields = [...entryFields({ id: envelope.id, payload: JSON.stringify(envelope) }), "turn", answer.turn];
  await publishInConversation(commands, answer.conversationId, fields);
}

/** A conversation deleted meanwhile must not leave a topic behind. */
async function publishInConversation(
  commands: Commands,
  conversationId: string,
  fields: string[],
  { persists = false } = {},
): Promise<void> {
  const topic = chatTopic(conversationId);
  const added = commands.send((redis) => redis.xadd(topic, "*", ...fields));
  // Looked after it was added, or a deletion in between would leave it.
  if (!commands.isOneServer) await added;
  const [exists] = await Promise.all([
    commands.send((redis) => redis.exists(metaKey(conversationId))),
    persists ? commands.send((redis) => redis.persist(topic)) : undefined,
    added,
  ]);
  if (!exists) await commands.send((redis) => redis.del(topic));
}
