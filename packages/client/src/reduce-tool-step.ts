import type { ToolStepEvent } from "@holdfast/protocol";
import { findStep, putStep } from "./items.ts";
import type { RunItem, ToolCallState } from "./state.ts";

/**
 * One tool call's life. `output` is a live piece and changes no status; `started` begins anew, so a call that may be
 * repeated and was, after a crash, does not show its first half twice.
 */
export function reduceToolStep(run: RunItem, event: ToolStepEvent): RunItem {
  const step = findStep(run, event.step);
  const known = step.tools.findIndex((tool) => tool.toolCallId === event.tool_call_id);
  const before = step.tools[known] ?? newCall(event);
  const after = event.status === "output" ? withOutput(before, event) : withStatus(before, event, event.status);
  const tools = known === -1 ? [...step.tools, after] : step.tools.with(known, after);
  return putStep(run, { ...step, tools });
}

function newCall(event: ToolStepEvent): ToolCallState {
  return {
    toolCallId: event.tool_call_id,
    name: event.name,
    args: event.args,
    status: "started",
    output: "",
    resultSummary: null,
    error: null,
    durationMs: null,
    startedAt: null,
  };
}

function withOutput(call: ToolCallState, event: ToolStepEvent): ToolCallState {
  return { ...call, output: call.output + (event.output ?? "") };
}

function withStatus(call: ToolCallState, event: ToolStepEvent, status: ToolCallState["status"]): ToolCallState {
  const isStart = status === "started";
  const isEnd = !isStart && status !== "pending_approval";
  return {
    ...call,
    name: event.name,
    args: event.args ?? call.args,
    status,
    // A result may repeat the whole output; the live pieces are kept where it does not.
    output: isStart ? (event.output ?? "") : isEnd ? (event.output ?? call.output) : call.output,
    resultSummary: event.result_summary ?? (isStart ? null : call.resultSummary),
    error: event.error ?? null,
    durationMs: event.duration_ms ?? null,
    startedAt: isStart ? event.created_at : call.startedAt,
  };
}
