import type { FrameEvent } from "@holdfast/protocol";
import { isNewer } from "./entry-order.ts";
import { type Frame, knownEvent } from "./frame.ts";
import { findRun, newRun, putRun } from "./items.ts";
import { reduceRun, type RunBound } from "./reduce-run.ts";
import { type ConversationItem, type ConversationState, emptyConversation } from "./state.ts";

/**
 * The reader rule (protocol §3.3), as a pure function.
 *
 * - A frame whose id is not greater than the last applied one is ignored, so re-delivery changes nothing. A snapshot's
 *   cursor counts as applied.
 * - `reset` is obeyed whatever its id: it answers a cursor the log does not know, which may be ahead of it. The
 *   conversation is forgotten, and everything kept follows.
 * - Unknown and malformed events only move the cursor.
 */
export function reduce(state: ConversationState, frame: Frame): ConversationState {
  const event = knownEvent(frame.event);
  if (event?.event === "reset") {
    return { ...emptyConversation, conversationId: event.conversation_id, cursor: frame.id };
  }
  if (state.cursor !== null && !isNewer(frame.id, state.cursor)) return state;
  return {
    conversationId: state.conversationId ?? event?.conversation_id ?? null,
    cursor: frame.id,
    items: event ? reduceItems(state.items, event, frame.id) : state.items,
  };
}

function reduceItems(
  items: readonly ConversationItem[],
  event: Exclude<FrameEvent, { event: "reset" }>,
  id: string,
): readonly ConversationItem[] {
  switch (event.event) {
    case "user_message": {
      const { message_id: messageId, sender, content, created_at: createdAt } = event;
      const isKnown = items.some((item) => item.kind === "user_message" && item.messageId === messageId);
      return isKnown ? items : [...items, { kind: "user_message", messageId, sender, content, createdAt }];
    }
    case "control": {
      const { agent, command, by, state, created_at: createdAt } = event;
      return [...items, { kind: "control", id, agent: agent ?? null, command, by, state, createdAt }];
    }
    case "error": {
      if (event.run_id !== undefined) return reduceInRun(items, { ...event, run_id: event.run_id }, id);
      const { code, message, retryable, created_at: createdAt } = event;
      return [...items, { kind: "notice", id, code, message, retryable, createdAt }];
    }
    default:
      return reduceInRun(items, event, id);
  }
}

function reduceInRun(items: readonly ConversationItem[], event: RunBound, id: string): readonly ConversationItem[] {
  const known = findRun(items, event.run_id);
  const before = known ?? newRun(event.run_id, event.event === "token" ? "" : event.created_at);
  const after = reduceRun(before, event, id);
  return after === known ? items : putRun(items, after);
}
