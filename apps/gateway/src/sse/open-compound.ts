import type { ServerResponse } from "node:http";
import { type EntryPosition, formatEntryId } from "@holdfast/protocol";
import { type CompoundCursor, hashOf } from "./compound-id.ts";
import { CompoundOutlets } from "./compound-outlets.ts";
import type { ConversationFeed } from "./conversation-feed.ts";
import type { CursorRequest } from "./cursor.ts";
import type { StreamDeps } from "./open-stream.ts";
import { SseConnection } from "./sse-connection.ts";
import { type StartPoint, startPoint } from "./start-point.ts";
import { Subscription } from "./subscription.ts";

export interface CompoundRequest {
  /** In the order that the ids of frames follow. */
  readonly members: readonly { readonly conversationId: string; readonly cursor: CursorRequest }[];
  /** Where a reader that comes back stands; wins over the members' cursors. */
  readonly resumeAt: CompoundCursor | undefined;
  readonly response: ServerResponse;
  /** Only look whether it could be opened. */
  readonly isHead: boolean;
}

export type CompoundOpened = "open" | "closed" | "no_conversation";

const NOWHERE: EntryPosition = { epoch: 0, seq: 0 };

/** As openStream, for several conversations on one connection. Throws BusUnavailable. */
export async function openCompound(deps: StreamDeps, request: CompoundRequest): Promise<CompoundOpened> {
  // Subscribed first: from here on neither an event nor a deletion can be missed.
  const entered = await Promise.allSettled(request.members.map((member) => deps.hub.enter(member.conversationId)));
  const feeds = entered.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  let opened: CompoundOpened | undefined;
  try {
    const failed = entered.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
    const [starts] = await Promise.all([lookUp(deps, request), ...feeds.map((feed) => feed.begun)]);
    if (starts === undefined) opened = "no_conversation";
    else opened = request.isHead ? "open" : connect(deps, feeds, request, starts);
    return opened;
  } finally {
    if (opened !== "open" || request.isHead) for (const feed of feeds) deps.hub.leave(feed);
  }
}

interface Starts {
  readonly points: readonly StartPoint[];
  /** Where the reader stands in each conversation before the first frame. */
  readonly positions: readonly EntryPosition[];
}

async function lookUp(
  { conversations, source }: StreamDeps,
  { members, resumeAt }: CompoundRequest,
): Promise<Starts | undefined> {
  const ids = members.map(({ conversationId }) => conversationId);
  const found = await Promise.all(ids.map((id) => conversations.find(id)));
  if (found.some(({ outcome }) => outcome !== "found")) return undefined;
  const heads = await Promise.all(ids.map(async (id) => (await source.head(id)) ?? NOWHERE));
  const epochs = heads.map(({ epoch }) => epoch);
  const isKnown = resumeAt?.seqs.length === ids.length && resumeAt.hash === hashOf(ids, epochs);
  const points = await Promise.all(
    members.map(async ({ conversationId, cursor }, at): Promise<StartPoint> => {
      if (resumeAt === undefined) return startPoint(source.log, conversationId, cursor);
      if (!isKnown) return { after: undefined, reset: "epoch" };
      const seq = resumeAt.seqs[at] ?? 0;
      // The frame with this id may have followed a reset that this conversation's own never came after: say it again. A
      // reader that simply has nothing of it yet forgets nothing.
      if (seq === 0) return { after: undefined, reset: "unknown" };
      const id = formatEntryId({ epoch: epochs[at] ?? 0, seq });
      return startPoint(source.log, conversationId, { from: "entry", id });
    }),
  );
  return { points, positions: points.map(({ after }, at) => after ?? { epoch: epochs[at] ?? 0, seq: 0 }) };
}

function connect(
  { source, hub, pool, bufferBytes, logger }: StreamDeps,
  feeds: readonly ConversationFeed[],
  { response, members, resumeAt }: CompoundRequest,
  { points, positions }: Starts,
): "open" | "closed" {
  const subscriptions: Subscription[] = [];
  const connection = SseConnection.open({
    response,
    bufferBytes,
    onClose: () => {
      if (connection) pool.remove(connection);
      for (const subscription of subscriptions) subscription.close();
      for (const feed of feeds) hub.leave(feed);
    },
  });
  if (!connection) return "closed";
  pool.add(connection);
  const outlets = new CompoundOutlets(
    connection,
    feeds.map(({ conversationId }) => conversationId),
    positions,
  );
  // A reader of only what is new is told where that begins, so that it can come back before the first event.
  const startsAtNewest = resumeAt === undefined && members.some(({ cursor }) => cursor.from === "newest");
  connection.greet(startsAtNewest ? outlets.id : undefined);
  const onOverdue = () => logger.info("cut off a slow reader", { conversations: feeds.length });
  for (const [at, feed] of feeds.entries()) {
    const start = points[at] ?? { after: undefined };
    subscriptions.push(new Subscription({ feed, source, outlet: outlets.outlet(at), start, onOverdue }));
  }
  for (const subscription of subscriptions) subscription.start();
  return "open";
}
