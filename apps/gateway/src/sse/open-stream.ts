import type { ServerResponse } from "node:http";
import type { Conversations, LogLine } from "@holdfast/bus";
import { formatEntryId, isTerminal } from "@holdfast/protocol";
import type { Logger } from "@holdfast/telemetry";
import type { ConnectionPool } from "./connection-pool.ts";
import type { ConversationFeed } from "./conversation-feed.ts";
import type { ConversationSource } from "./conversation-source.ts";
import type { CursorRequest } from "./cursor.ts";
import { OwnOutlet } from "./outlet.ts";
import { hasRunEndAfter } from "./run-end.ts";
import { SseConnection } from "./sse-connection.ts";
import { type StartPoint, startPoint } from "./start-point.ts";
import type { StreamHub } from "./stream-hub.ts";
import { FIRST_PAGE, Subscription } from "./subscription.ts";

export interface StreamDeps {
  readonly conversations: Conversations;
  readonly source: ConversationSource;
  readonly hub: StreamHub;
  readonly pool: ConnectionPool;
  /** A reader with more unread bytes than this is cut off. */
  readonly bufferBytes: number;
  readonly logger: Logger;
}

export interface StreamRequest {
  readonly conversationId: string;
  readonly cursor: CursorRequest;
  readonly runId: string | undefined;
  readonly response: ServerResponse;
  /** Only look whether it could be opened. */
  readonly isHead: boolean;
}

export type Opened = "open" | "closed" | "no_conversation" | "no_run" | "nothing_to_say";

/**
 * Everything that can be refused is looked up before the first byte; `closed`: nothing is to be written to the response.
 * Throws BusUnavailable.
 */
export async function openStream(deps: StreamDeps, request: StreamRequest): Promise<Opened> {
  const { conversationId, cursor, isHead } = request;
  const isFirst = !deps.hub.has(conversationId);
  // Subscribed first: from here on neither an event nor a deletion can be missed.
  const feed = await deps.hub.enter(conversationId);
  let opened: Opened | undefined;
  try {
    // One who reads all from the beginning has the first page on the same trip.
    const reading = cursor.from === "beginning" && !isHead ? readAhead(deps, conversationId) : undefined;
    const [found, ahead] = await Promise.all([lookUp(deps, request, isFirst ? feed : undefined), reading, feed.begun]);
    if (typeof found === "string") opened = found;
    else opened = isHead ? "open" : connect(deps, feed, request, found, ahead);
    return opened;
  } finally {
    if (opened !== "open" || isHead) deps.hub.leave(feed);
  }
}

const readAhead = ({ source }: StreamDeps, conversationId: string): Promise<LogLine[]> =>
  source.read(conversationId, undefined, FIRST_PAGE);

/** `fresh`: the conversation's feed, where it is this request that has it begun. */
async function lookUp(
  { conversations, source }: StreamDeps,
  { conversationId, cursor, runId }: StreamRequest,
  fresh: ConversationFeed | undefined,
): Promise<StartPoint | Exclude<Opened, "open" | "closed">> {
  await fresh?.begun;
  // Where a log was found just now, there is a conversation.
  if (!fresh?.hasLog && (await conversations.find(conversationId)).outcome !== "found") return "no_conversation";
  const start = await startPoint(source.log, conversationId, cursor);
  if (runId === undefined) return start;
  // Asked after the cursor is settled: a run that is over by then has its end in the log already.
  const run = await conversations.findRun(runId);
  if (run?.conversation_id !== conversationId) return "no_run";
  const isSilent = isTerminal(run.status) && !(await hasRunEndAfter(source.log, conversationId, runId, start.after));
  return isSilent ? "nothing_to_say" : start;
}

function connect(
  { source, hub, pool, bufferBytes, logger }: StreamDeps,
  feed: ConversationFeed,
  { response, cursor, runId }: StreamRequest,
  start: StartPoint,
  ahead: readonly LogLine[] | undefined,
): "open" | "closed" {
  const connection = SseConnection.open({
    response,
    bufferBytes,
    onClose: () => {
      if (connection) pool.remove(connection);
      subscription.close();
      hub.leave(feed);
    },
  });
  if (!connection) return "closed";
  pool.add(connection);
  // A reader of only what is new is told where that begins, so that it can come back before the first event.
  connection.greet(cursor.from === "newest" && start.after ? formatEntryId(start.after) : undefined);
  const subscription = new Subscription({
    feed,
    source,
    outlet: new OwnOutlet(connection),
    start,
    onOverdue: () => logger.info("cut off a slow reader", { conversation_id: feed.conversationId }),
    ...(runId === undefined ? {} : { runId }),
  });
  subscription.start(ahead);
  return "open";
}
