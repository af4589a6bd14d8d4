import type { MessageEnvelope } from "@holdfast/protocol";
import { RUN_ERROR_CODES, type RunErrorCode } from "./error-codes.ts";

/**
 * An entry of `chat:<agent>` that is no message, but names a conversation: its user must see that something failed
 * (protocol §2.4). It is accepted as a message of its own that says so, and its run ends `failed` whoever claims it.
 */
const MARK = "holdfast_unreadable";

export interface UnreadableReason {
  readonly code: RunErrorCode;
  readonly message: string;
}

export function standInFor(
  ids: { readonly id: string; readonly conversationId: string; readonly agent: string },
  reason: UnreadableReason,
): MessageEnvelope {
  return {
    id: ids.id,
    conversation_id: ids.conversationId,
    sender: "user:anonymous",
    recipient: `agent:${ids.agent}`,
    type: "message",
    content: "(a message that could not be read)",
    metadata: { [MARK]: { ...reason } },
    created_at: new Date().toISOString(),
  };
}

/** Undefined for every real message. */
export function unreadableReason(envelope: MessageEnvelope): UnreadableReason | undefined {
  const mark = envelope.metadata[MARK];
  if (typeof mark !== "object" || mark === null || Array.isArray(mark)) return undefined;
  const { code, message } = mark;
  if (typeof message !== "string" || !isRunErrorCode(code)) return undefined;
  return { code, message };
}

function isRunErrorCode(code: unknown): code is RunErrorCode {
  return (RUN_ERROR_CODES as readonly unknown[]).includes(code);
}
