import type { EventLog, LogHead } from "@holdfast/bus";
import { type EntryPosition, parseEntryId, type ResetEvent } from "@holdfast/protocol";
import type { CursorRequest } from "./cursor.ts";

/**
 * Where a stream begins: strictly after an entry, or at the beginning. A cursor that the log cannot continue
 * (protocol §5.5) gives a reason instead, and the stream begins with a reset and everything kept.
 *
 * A cursor inside a compacted run continues: tokens of closed steps leave holes in the log, never at its start, because
 * its first event is a message and messages are not compacted. So a log that begins later than its cursor was trimmed.
 */
export interface StartPoint {
  readonly after: EntryPosition | undefined;
  readonly reset?: ResetEvent["reason"];
}

const BEGINNING: StartPoint = { after: undefined };

export async function startPoint(log: EventLog, conversationId: string, request: CursorRequest): Promise<StartPoint> {
  if (request.from === "beginning") return BEGINNING;
  const head = await log.head(conversationId);
  if (request.from === "newest") return { after: head };
  const id = request.from === "entry" ? request.id : await log.locate(conversationId, request.uuid);
  return id === undefined ? resetBy("unknown") : judge(log, conversationId, parseEntryId(id), head);
}

async function judge(
  log: EventLog,
  conversationId: string,
  cursor: EntryPosition,
  head: LogHead | undefined,
): Promise<StartPoint> {
  // What a snapshot of a conversation without events gives.
  if (cursor.epoch === 0 && cursor.seq === 0) return BEGINNING;
  if (head === undefined) return resetBy("unknown");
  if (cursor.epoch !== head.epoch) return resetBy("epoch");
  if (cursor.seq > head.seq) return resetBy("unknown");
  // Sent with a reset: the reader has forgotten everything.
  if (cursor.seq === 0) return BEGINNING;
  if (cursor.seq === head.seq) return { after: cursor };
  const [oldest] = await log.read(conversationId, undefined, 1);
  return oldest === undefined || isPast(cursor, parseEntryId(oldest.id)) ? resetBy("trimmed") : { after: cursor };
}

function resetBy(reason: ResetEvent["reason"]): StartPoint {
  return { after: undefined, reset: reason };
}

/** True when something between the cursor and the oldest entry kept is gone. */
function isPast(cursor: EntryPosition, oldest: EntryPosition): boolean {
  return oldest.epoch === cursor.epoch && oldest.seq > cursor.seq + 1;
}
