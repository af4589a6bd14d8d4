import type { ActiveRun, HistoryMessage, Snapshot } from "@holdfast/protocol";
import { approvalState } from "./approval-state.ts";
import { findRun, findStep, newRun, putRun, putStep } from "./items.ts";
import type { ConversationItem, ConversationState, RunItem, ToolCallState } from "./state.ts";

/**
 * The state a snapshot (protocol §4, `GET /v1/conversations/:id`) describes. Following the stream from `cursor` continues
 * it exactly. A snapshot holds texts, not the course of events: finished runs come out `completed`, without the arguments
 * and timing of their tool calls.
 */
export function fromSnapshot(snapshot: Snapshot): ConversationState {
  let items: readonly ConversationItem[] = [];
  let messageId: string | null = null;
  // A message that was steered into a run stands within its answer: it is not what the run answers.
  const asked = new Map(snapshot.messages.flatMap(({ role, run_id, id }) => (role === "user" ? [[run_id, id]] : [])));
  for (const message of snapshot.messages) {
    if (message.role === "user") {
      messageId = message.id;
      items = [...items, userMessage(message)];
    } else {
      const runId = message.run_id ?? message.id;
      const run = findRun(items, runId) ?? finishedRun(runId, asked.get(runId) ?? messageId, message);
      items = putRun(items, withMessage(run, message, snapshot.active_run));
    }
  }
  const { active_run: active } = snapshot;
  if (active) items = putRun(items, activeRun(items, active, asked.get(active.id), snapshot.created_at));
  for (const approval of snapshot.approvals) {
    const run = findRun(items, approval.run_id);
    if (run) items = putRun(items, { ...run, approvals: [...run.approvals, approvalState(approval)] });
  }
  return { conversationId: snapshot.id, cursor: snapshot.cursor, items };
}

function userMessage(message: HistoryMessage): ConversationItem {
  const { id: messageId, content, created_at: createdAt } = message;
  return { kind: "user_message", messageId, sender: message.sender ?? "user:anonymous", content, createdAt };
}

function finishedRun(runId: string, messageId: string | null, message: HistoryMessage): RunItem {
  return { ...newRun(runId, message.created_at), messageId, agent: message.agent ?? null, status: "completed" };
}

function withMessage(run: RunItem, message: HistoryMessage, active: ActiveRun | null): RunItem {
  if (message.role === "tool") {
    const step = run.steps.at(-1) ?? findStep(run, 0);
    return putStep(run, { ...step, tools: [...step.tools, finishedCall(message)] });
  }
  const given = message["step"];
  const index = typeof given === "number" ? given : run.steps.length;
  // The text of the step in work is the active run's own.
  if (active?.id === run.runId && index >= active.step) return run;
  return putStep(run, { ...findStep(run, index), text: message.content, isClosed: true });
}

function finishedCall(message: HistoryMessage): ToolCallState {
  return {
    toolCallId: message.tool_call_id ?? message.id,
    name: message.name ?? "tool",
    args: null,
    status: "completed",
    output: "",
    resultSummary: message.content,
    error: null,
    durationMs: null,
    startedAt: null,
  };
}

function activeRun(
  items: readonly ConversationItem[],
  active: ActiveRun,
  asked: string | undefined,
  createdAt: string,
): RunItem {
  const messageId = active["message_id"];
  const reasoning = active["reasoning"];
  const known = findRun(items, active.id);
  const run: RunItem = {
    ...(known ?? newRun(active.id, createdAt)),
    messageId: typeof messageId === "string" ? messageId : (known?.messageId ?? asked ?? firstUnanswered(items)),
    agent: active.agent,
    status: active.status,
    attempt: active.attempt,
  };
  if (active.attempt === 0) return run;
  const step = findStep(run, active.step);
  return putStep(run, { ...step, text: active.text, reasoning: typeof reasoning === "string" ? reasoning : "" });
}

/** Turns are answered in order, so the active run belongs to the first message without a run. */
function firstUnanswered(items: readonly ConversationItem[]): string | null {
  const answered = new Set(items.map((item) => (item.kind === "run" ? item.messageId : null)));
  const message = items.find((item) => item.kind === "user_message" && !answered.has(item.messageId));
  return message?.kind === "user_message" ? message.messageId : null;
}
