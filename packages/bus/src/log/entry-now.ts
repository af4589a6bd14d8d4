import { formatEntryId, parseEntryId } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { metaKey } from "../keys.ts";

/** The id that an entry has now: a log that begins another epoch gives it to all of its entries, and each keeps its seq. */
export async function entryNow(commands: Commands, conversationId: string, entryId: string): Promise<string> {
  const epoch = await commands.send((redis) => redis.hget(metaKey(conversationId), "epoch"));
  return epoch ? inEpoch(epoch, entryId) : entryId;
}

/** The same where the log's epoch is known. */
export function inEpoch<EntryId extends string | undefined>(epoch: string, entryId: EntryId): EntryId | string {
  return entryId && formatEntryId({ epoch: Number(epoch), seq: parseEntryId(entryId).seq });
}
