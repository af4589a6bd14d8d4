import type { HistoryMessage, MessageEnvelope } from "@holdfast/protocol";
import { uuidV5 } from "../ids.ts";
import type { JournalResult, JournalStep } from "../ports/runs.ts";

/** Messages as HTTP serves them; their ids follow from the run, so a snapshot taken twice has the same ones. */

export function userMessage(envelope: MessageEnvelope, runId: string): HistoryMessage {
  return {
    id: envelope.id,
    role: "user",
    content: envelope.content,
    run_id: runId,
    created_at: envelope.created_at,
    sender: envelope.sender,
  };
}

export function assistantMessage(
  runId: string,
  agent: string,
  step: Pick<JournalStep, "step" | "text" | "created_at">,
): HistoryMessage {
  return {
    id: uuidV5(runId, `message/${step.step}`),
    role: "assistant",
    content: step.text,
    run_id: runId,
    created_at: step.created_at,
    agent,
  };
}

export function toolMessage(runId: string, name: string, result: JournalResult): HistoryMessage {
  return {
    id: uuidV5(runId, `result/${result.tool_call_id}`),
    role: "tool",
    content: result.shown,
    run_id: runId,
    created_at: result.created_at,
    name,
    tool_call_id: result.tool_call_id,
  };
}
