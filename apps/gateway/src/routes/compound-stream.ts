import { FrameEvent, type InputError, isUuid } from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, type Reply, type Route, refuse, TAKEN_OVER } from "../http/route.ts";
import { unavailable } from "../http/thrown.ts";
import { parseCompoundId } from "../sse/compound-id.ts";
import { type CursorRequest, parseCursor } from "../sse/cursor.ts";
import { type CompoundRequest, openCompound } from "../sse/open-compound.ts";
import type { StreamDeps } from "../sse/open-stream.ts";
import { noConversation } from "./addresses.ts";

const MOST_CONVERSATIONS = 50;

const CompoundQuery = z.object({
  c: z
    .union([z.string(), z.array(z.string())])
    .describe(
      "A conversation, as `<id>` or `<id>@<cursor>` with a cursor as `after` of a single stream has it. Repeated, at most 50 times.",
    ),
});

/** Several conversations over one connection (protocol §5.7): browsers open six connections to a server at most. */
export function compoundStreamRoutes(deps: StreamDeps & { readonly isStopping: () => boolean }): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/v1/stream",
      operationId: "streamConversations",
      summary: "The events of several conversations over one connection, as server-sent events",
      query: CompoundQuery,
      headers: { "Last-Event-ID": "The id of a frame of this stream, of the same conversations in the same order." },
      replies: {
        200: {
          description: "Frames of `id:` and `data:`, whose JSON is described here; comments in between",
          contentType: "text/event-stream",
          schema: FrameEvent,
        },
      },
      errors: ["invalid_cursor", "too_many_conversations", "malformed_id", "conversation_not_found"],
      handle: async ({ query: { c }, headers, method, response }) => {
        const asked = askedFor(typeof c === "string" ? [c] : c, String(headers["last-event-id"] ?? "").trim());
        if ("status" in asked) return asked;
        if (deps.isStopping()) return unavailable("This gateway is shutting down.");
        const isHead = method === "HEAD";
        const opened = await openCompound(deps, { ...asked, response, isHead });
        if (opened === "no_conversation") return noConversation();
        if (isHead && opened === "open") return HEAD_OF_STREAM;
        if (opened === "closed" && !response.destroyed) return unavailable("Ask for a stream on another connection.");
        return TAKEN_OVER;
      },
    }),
  ];
}

const HEAD_OF_STREAM: Reply = { status: 200, headers: { "content-type": "text/event-stream; charset=utf-8" } };

/** What was asked for, or why it is refused. */
function askedFor(
  asked: readonly string[],
  lastEventId: string,
): Pick<CompoundRequest, "members" | "resumeAt"> | Reply {
  if (asked.length > MOST_CONVERSATIONS)
    return refuse("too_many_conversations", `One stream has at most ${MOST_CONVERSATIONS} conversations.`);
  const members = membersOf(asked);
  if ("status" in members) return members;
  if (lastEventId === "") return { members, resumeAt: undefined };
  const resumeAt = parseCompoundId(lastEventId);
  return resumeAt === undefined ? refuseCursor("Last-Event-ID") : { members, resumeAt };
}

function membersOf(asked: readonly string[]): CompoundRequest["members"] | Reply {
  const members: { conversationId: string; cursor: CursorRequest }[] = [];
  for (const [index, text] of asked.entries()) {
    const at = text.indexOf("@");
    const conversationId = at === -1 ? text : text.slice(0, at);
    const path = `c[${index}]`;
    if (!isUuid(conversationId)) {
      const errors: InputError[] = [{ path, message: "must begin with a conversation's id, a UUID in lower case" }];
      return refuse("malformed_id", "A conversation's id is malformed.", errors);
    }
    if (members.some((member) => member.conversationId === conversationId))
      return refuse("invalid_request", "A conversation is named twice.", [{ path, message: "is named twice" }]);
    const cursor = parseCursor(undefined, at === -1 ? undefined : text.slice(at + 1));
    if (!cursor) return refuseCursor(path);
    members.push({ conversationId, cursor });
  }
  return members;
}

function refuseCursor(path: string): Reply {
  const message =
    "must be an entry id (<epoch>-<seq>), an event's UUID or $; in Last-Event-ID the id of a frame of this stream";
  return refuse("invalid_cursor", "The cursor is malformed.", [{ path, message }]);
}
