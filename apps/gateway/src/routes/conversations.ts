import type { Conversations, EventLog, PageOf } from "@holdfast/bus";
import { Conversation, ConversationList, CreateConversation, newUuid, Page, Snapshot } from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, ok, type Reply, type Route } from "../http/route.ts";
import { conversationUrl, deletedConversation, IdInPath, noConversation } from "./addresses.ts";
import { unfinishedText } from "./unfinished-text.ts";

export interface ConversationDeps {
  readonly conversations: Conversations;
  readonly eventLog: EventLog;
}

/** As the list gives it: the time and the id of the last row. */
const ListPage = Page.extend({
  cursor: z
    .string()
    .regex(/^\d{1,15}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "must be a next_cursor of this list")
    .optional(),
});

export function conversationRoutes({ conversations, eventLog }: ConversationDeps): Route[] {
  return [
    createRoute(conversations),
    listRoute(conversations),
    snapshotRoute(conversations, eventLog),
    deleteRoute(conversations),
  ];
}

function createRoute(conversations: Conversations): Route {
  return defineRoute({
    method: "post",
    path: "/v1/conversations",
    operationId: "createConversation",
    summary: "Create a conversation; the same id again answers the first one",
    body: CreateConversation,
    isBodyOptional: true,
    replies: {
      200: { description: "It existed already", schema: Conversation },
      201: { description: "Created", schema: Conversation },
    },
    errors: ["conversation_deleted"],
    handle: async ({ body }) => {
      const id = body.id ?? newUuid();
      const created = await conversations.create({
        id,
        created_at: new Date().toISOString(),
        metadata: body.metadata ?? {},
      });
      if (created.outcome === "deleted") return deletedConversation();
      return {
        status: created.outcome === "created" ? 201 : 200,
        body: created.conversation,
        headers: { location: conversationUrl(id) },
      };
    },
  });
}

function listRoute(conversations: Conversations): Route {
  return defineRoute({
    method: "get",
    path: "/v1/conversations",
    operationId: "listConversations",
    summary: "All conversations, newest first",
    query: ListPage,
    replies: { 200: { description: "A page of conversations", schema: ConversationList } },
    errors: ["invalid_cursor"],
    handle: async ({ query: { limit, cursor } }) =>
      pageReply(await conversations.list(cursor === undefined ? { limit } : { limit, cursor })),
  });
}

function snapshotRoute(conversations: Conversations, eventLog: EventLog): Route {
  return defineRoute({
    method: "get",
    path: "/v1/conversations/:id",
    operationId: "getConversation",
    summary: "A snapshot; following the stream from its cursor continues it exactly",
    params: IdInPath,
    replies: { 200: { description: "The conversation now", schema: Snapshot } },
    errors: ["conversation_not_found"],
    handle: async ({ params: { id } }) => {
      const found = await conversations.snapshot(id);
      if (found.outcome !== "found") return noConversation();
      const { conversation, cursor, messages, activeRun, activeRunFrom, approvals } = found.value;
      const active_run = activeRun && {
        ...activeRun,
        text: await unfinishedText(eventLog, id, activeRun, { after: activeRunFrom, through: cursor }),
      };
      return ok({ ...conversation, cursor, messages, active_run, approvals });
    },
  });
}

function deleteRoute(conversations: Conversations): Route {
  return defineRoute({
    method: "delete",
    path: "/v1/conversations/:id",
    operationId: "deleteConversation",
    summary: "Cancel its runs, end its streams and remove it",
    params: IdInPath,
    replies: { 204: { description: "Deleted" } },
    errors: ["conversation_not_found"],
    handle: async ({ params: { id } }) =>
      (await conversations.delete(id)) === "deleted" ? { status: 204 } : noConversation(),
  });
}

export function pageReply({ data, nextCursor }: PageOf<unknown>): Reply {
  return ok({ data, next_cursor: nextCursor, has_more: nextCursor !== null });
}
