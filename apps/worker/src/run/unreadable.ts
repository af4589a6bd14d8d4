import type { ClaimedRun, NewMessage } from "@holdfast/bus";
import type { MessageEnvelope } from "@holdfast/protocol";
import { RUN_ERROR_CODES, type RunErrorCode } from "./error-codes.ts";

/**
 * An entry of `chat:<agent>` that is no message, but names a conversation: its user must see that something failed
 * (protocol §2.4). It is accepted as a message of its own whose run is refused, and ends `failed` whoever claims it. The
 * refusal stands in the run's record, not in the message: nobody can send one.
 */
export interface UnreadableReason {
  readonly code: RunErrorCode;
  readonly message: string;
}

export function standInFor(
  ids: { readonly id: string; readonly conversationId: string; readonly agent: string },
  refusal: UnreadableReason,
): Pick<NewMessage, "envelope" | "refusal"> {
  const envelope: MessageEnvelope = {
    id: ids.id,
    conversation_id: ids.conversationId,
    sender: "user:anonymous",
    recipient: `agent:${ids.agent}`,
    type: "message",
    content: "(a message that could not be read)",
    metadata: {},
    created_at: new Date().toISOString(),
  };
  return { envelope, refusal };
}

/** Undefined for every real message. */
export function unreadableReason({ refusal }: ClaimedRun): UnreadableReason | undefined {
  if (refusal === undefined) return undefined;
  // A newer worker may know more codes than we do.
  return { code: isRunErrorCode(refusal.code) ? refusal.code : "invalid_envelope", message: refusal.message };
}

function isRunErrorCode(code: string): code is RunErrorCode {
  return (RUN_ERROR_CODES as readonly string[]).includes(code);
}
