import { FrameEvent, Uuid } from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, type Reply, type Route, refuse, TAKEN_OVER } from "../http/route.ts";
import { unavailable } from "../http/thrown.ts";
import { parseCursor } from "../sse/cursor.ts";
import { openStream, type Opened, type StreamDeps } from "../sse/open-stream.ts";
import { IdInPath, noConversation, noRun } from "./addresses.ts";

const StreamQuery = z.object({
  after: z
    .string()
    .optional()
    .describe("Strictly after this: an entry id, an event's UUID, or `$` for only what is new. `Last-Event-ID` wins."),
  run_id: Uuid.optional().describe("End after this run's terminal event; 204 when that is at or before the cursor."),
});

export function streamRoutes(deps: StreamDeps & { readonly isStopping: () => boolean }): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/v1/conversations/:id/stream",
      operationId: "streamConversation",
      summary: "The conversation's events, from a cursor on, as server-sent events",
      params: IdInPath,
      query: StreamQuery,
      headers: { "Last-Event-ID": "Strictly after this entry id or event UUID; empty counts as absent." },
      replies: {
        200: {
          description: "Frames of `id:` and `data:`, whose JSON is described here; comments in between",
          contentType: "text/event-stream",
          schema: FrameEvent,
        },
        204: { description: "The run of `run_id` ended at or before the cursor" },
      },
      errors: ["invalid_cursor", "conversation_not_found", "run_not_found"],
      handle: async ({ params: { id }, query, headers, method, response }) => {
        const header = headers["last-event-id"];
        const cursor = parseCursor(header === undefined ? undefined : String(header), query.after);
        if (!cursor) return refuseCursor(header ? "Last-Event-ID" : "after");
        if (deps.isStopping()) return unavailable("This gateway is shutting down.");
        const isHead = method === "HEAD";
        const opened = await openStream(deps, { conversationId: id, cursor, runId: query.run_id, response, isHead });
        if (isHead && opened === "open") return HEAD_OF_STREAM;
        // Pipelined behind an answer that is not finished, it has no socket yet; a stream needs one of its own.
        if (opened === "closed" && !response.destroyed) return unavailable("Ask for a stream on another connection.");
        return replyTo(opened);
      },
    }),
  ];
}

const HEAD_OF_STREAM: Reply = { status: 200, headers: { "content-type": "text/event-stream; charset=utf-8" } };

function replyTo(opened: Opened): Reply | typeof TAKEN_OVER {
  switch (opened) {
    case "no_conversation":
      return noConversation();
    case "no_run":
      return noRun();
    case "nothing_to_say":
      return { status: 204 };
    default:
      return TAKEN_OVER;
  }
}

function refuseCursor(path: string): Reply {
  const message = "must be an entry id (<epoch>-<seq>), an event's UUID, or in the query $";
  return refuse("invalid_cursor", "The cursor is malformed.", [{ path, message }]);
}
