import type { Accepted, Conversations } from "@holdfast/bus";
import {
  chatTopic,
  type MessageAccepted as Answer,
  MessageAccepted,
  type MessageEnvelope,
  MessageList,
  newUuid,
  Page,
  SendMessage,
} from "@holdfast/protocol";
import { currentTraceparent, withSpan } from "@holdfast/telemetry";
import { z } from "zod";
import { defineRoute, type Reply, type Route, refuse } from "../http/route.ts";
import { deletedConversation, IdInPath, noConversation, streamUrl, noAgent } from "./addresses.ts";
import { pageReply } from "./conversations.ts";
import { messageIdOf } from "./idempotency.ts";

export interface MessageDeps {
  readonly conversations: Conversations;
  readonly agents: ReadonlySet<string>;
}

const HistoryPage = Page.extend({
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, "must be a next_cursor of this list")
    .optional(),
});

const ANONYMOUS = "user:anonymous";

export function messageRoutes({ conversations, agents }: MessageDeps): Route[] {
  return [sendRoute(conversations, agents), historyRoute(conversations)];
}

function sendRoute(conversations: Conversations, agents: ReadonlySet<string>): Route {
  return defineRoute({
    method: "post",
    path: "/v1/conversations/:id/messages",
    operationId: "sendMessage",
    summary: "Send a message; answered once it is durable",
    params: IdInPath,
    body: SendMessage,
    headers: { "Idempotency-Key": "As `id` in the body; what is no UUID is hashed to one." },
    replies: { 202: { description: "Accepted; a run will answer it", schema: MessageAccepted } },
    errors: ["agent_not_found", "idempotency_conflict", "conversation_busy", "conversation_deleted"],
    handle: async ({ params, body, headers }) => {
      const key = messageIdOf(params.id, body.id, headers["idempotency-key"]);
      if ("errors" in key) return refuse("invalid_request", "The message's id is not clear.", key.errors);
      if (!agents.has(body.agent)) {
        return noAgent(body.agent);
      }
      const envelope: MessageEnvelope = {
        id: key.id ?? newUuid(),
        conversation_id: params.id,
        sender: body.sender ?? ANONYMOUS,
        recipient: `agent:${body.agent}`,
        type: "message",
        content: body.content,
        metadata: body.metadata ?? {},
        created_at: new Date().toISOString(),
      };
      return answer(await accept(conversations, envelope, body), envelope);
    },
  });
}

/** The message carries the trace of its own sending, which the run continues (protocol §8.2). */
function accept(
  conversations: Conversations,
  envelope: MessageEnvelope,
  { agent, on_busy }: SendMessage,
): Promise<Accepted> {
  const attributes = {
    "messaging.system": "redis",
    "messaging.operation.type": "send",
    "messaging.destination.name": chatTopic(agent),
    "messaging.message.id": envelope.id,
    "messaging.message.conversation_id": envelope.conversation_id,
  };
  return withSpan(`send ${chatTopic(agent)}`, { kind: "producer", attributes }, () =>
    conversations.accept({ envelope, agent, onBusy: on_busy ?? "enqueue", trace: currentTraceparent() }),
  );
}

function answer(accepted: Accepted, { id, conversation_id }: MessageEnvelope): Reply {
  switch (accepted.outcome) {
    case "conflict":
      return refuse("idempotency_conflict", "This id was used for another message of this conversation.");
    case "busy":
      return refuse(
        "conversation_busy",
        `Run ${accepted.runId} is not over, and the message asked not to wait for it.`,
      );
    case "deleted":
      return deletedConversation();
    default: {
      // The same answer however often it is asked: the status is the one it was accepted with.
      const body: Answer = {
        message_id: id,
        run_id: accepted.runId,
        conversation_id,
        status: "queued",
        stream_url: streamUrl(conversation_id),
      };
      return { status: 202, body };
    }
  }
}

function historyRoute(conversations: Conversations): Route {
  return defineRoute({
    method: "get",
    path: "/v1/conversations/:id/messages",
    operationId: "listMessages",
    summary: "The history as messages, oldest first",
    params: IdInPath,
    query: HistoryPage,
    replies: { 200: { description: "A page of messages", schema: MessageList } },
    errors: ["conversation_not_found", "invalid_cursor"],
    handle: async ({ params: { id }, query: { limit, cursor } }) => {
      const found = await conversations.history(id, cursor === undefined ? { limit } : { limit, cursor });
      return found.outcome === "found" ? pageReply(found.value) : noConversation();
    },
  });
}
