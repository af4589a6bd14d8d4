import { dlqTopic } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { DLQ_INDEX_KEY, letterField, lettersKey } from "../keys.ts";
import { fieldOf } from "../log/redis-event-log.ts";
import type { Entry, QueueSource } from "../ports/entry.ts";
import type { WorkQueue } from "../ports/work-queue.ts";

/**
 * Dead letters (protocol §2.4). `deliveries` counts how often the source entry was read from its topic; an entry that
 * changes hands because its consumer died or stopped is not read again.
 */
export type DeadLetterError = Parameters<WorkQueue["deadLetter"]>[1];
export type BuriedMessage = Parameters<WorkQueue["deadLetterMessage"]>[1];

/** An entry that is pending. */
export async function buryEntry(
  commands: Commands,
  group: string,
  { topic, entryId, id, payload }: Entry,
  error: DeadLetterError,
): Promise<void> {
  const pending = await commands.send((redis) => redis.xpending(topic, group, entryId, entryId, 1));
  const [row] = pending as [string, string, number, number][];
  await write(commands, topic, { id, payload }, { entryId, deliveries: row?.[3] ?? 1 }, error);
}

/** A message whose entry was acknowledged, or not read yet, when its work was given up. */
export async function buryMessage(
  commands: Commands,
  topic: string,
  message: BuriedMessage,
  error: DeadLetterError,
): Promise<void> {
  const source = message.source ?? { entryId: await findUnread(commands, topic, message.id), deliveries: 0 };
  await write(commands, topic, message, source, error);
}

const PAGE = 1_000;
const MOST_PAGES = 20;

/** Empty where it stands too far back to be looked for, or nowhere. */
async function findUnread(commands: Commands, topic: string, id: string): Promise<string> {
  let after = "-";
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const from = after;
    const entries = await commands.send((redis) => redis.xrange(topic, from, "+", "COUNT", PAGE));
    const found = entries.find(([, fields]) => fieldOf(fields, "id") === id);
    if (found || entries.length < PAGE) return found?.[0] ?? "";
    after = `(${entries.at(-1)?.[0] ?? ""}`;
  }
  return "";
}

async function write(
  commands: Commands,
  topic: string,
  message: Pick<BuriedMessage, "id" | "payload"> & Partial<BuriedMessage>,
  source: QueueSource,
  error: DeadLetterError,
): Promise<void> {
  const firstSeenMs =
    source.entryId === "" ? (message.firstSeenMs ?? Date.now()) : Number(source.entryId.split("-")[0]);
  const fields = {
    id: message.id,
    payload: message.payload,
    error: `${error.code}: ${error.message}`,
    deliveries: String(source.deliveries),
    first_seen: new Date(firstSeenMs).toISOString(),
    source_id: source.entryId,
  };
  // It is all that is left of the message.
  await commands.durably([DLQ_INDEX_KEY, dlqTopic(topic)], async () => {
    await commands.send((redis) => redis.sadd(DLQ_INDEX_KEY, topic));
    const letter = [letterField(fields), ...Object.entries(fields).flat()];
    await commands.script("bury-2", [dlqTopic(topic), lettersKey(topic)], letter);
  });
}
