import type { ApprovalEvent } from "@holdfast/protocol";
import type { ApprovalState, QuestionState } from "./state.ts";

/** An approval as its newest event tells it. */
export function approvalState(event: ApprovalEvent): ApprovalState {
  return {
    approvalId: event.approval_id,
    runId: event.run_id,
    toolCallId: event.tool_call_id,
    name: event.name,
    args: event.args,
    argsSha256: event.args_sha256,
    status: event.status,
    decidedBy: event.decided_by ?? null,
    expiresAt: event.expires_at ?? null,
    question: questionOf(event),
  };
}

function questionOf({ kind, toolset, message, requested_schema: form }: ApprovalEvent): QuestionState | null {
  if (kind !== "question" || !form) return null;
  return { toolset: toolset ?? "", message: message ?? "", form };
}
