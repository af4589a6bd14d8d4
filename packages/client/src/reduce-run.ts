import type {
  ApprovalEvent,
  AttemptEvent,
  ErrorEvent,
  OutputEvent,
  RunEvent,
  StepEvent,
  TokenEvent,
  ToolStepEvent,
} from "@holdfast/protocol";
import { approvalState } from "./approval-state.ts";
import { findStep, lastStep, newStep, putStep } from "./items.ts";
import { reduceToolStep } from "./reduce-tool-step.ts";
import type { RunItem, StepState } from "./state.ts";

/**
 * One run's part of the reader rule (protocol §3.3).
 *
 * - An `attempt`, `token` or `tool_step` of an attempt older than the newest seen is ignored: it is what a writer that
 *   lost its lease still sent.
 * - `attempt` cuts the step's text at `keep_offset`; `supersede` also cuts its reasoning to nothing.
 * - A token, merged or not, is appended only where its `offset` equals the length shown, on its own channel.
 * - `step.text` and `output.text` win over tokens, and the text they fix no longer changes.
 */
export type RunBound =
  | RunEvent
  | AttemptEvent
  | TokenEvent
  | StepEvent
  | ToolStepEvent
  | ApprovalEvent
  | OutputEvent
  | (ErrorEvent & { readonly run_id: string });

export function reduceRun(run: RunItem, event: RunBound, id: string): RunItem {
  if (isStale(run, event)) return run;
  const current = withCommon(run, event);
  switch (event.event) {
    case "run":
      return reduceStatus(current, event);
    case "attempt":
      return reduceAttempt(current, event);
    case "token":
      return reduceToken(current, event);
    case "step":
      return closeStep(
        current,
        { ...findStep(current, event.step), finishReason: event.finish_reason ?? null },
        event.text,
      );
    case "tool_step":
      return reduceToolStep(current, event);
    case "approval":
      return reduceApproval(current, event);
    case "output":
      return reduceOutput(current, event);
    case "error":
    default:
      return reduceNotice(current, event, id);
  }
}

function reduceNotice(run: RunItem, event: ErrorEvent, id: string): RunItem {
  const { code, message, retryable, created_at: createdAt } = event;
  return { ...run, notices: [...run.notices, { kind: "notice", id, code, message, retryable, createdAt }] };
}

function isStale(run: RunItem, event: RunBound): boolean {
  const isFenced = event.event === "attempt" || event.event === "token" || event.event === "tool_step";
  return isFenced && event.attempt < run.attempt;
}

/** A token repeats nothing but its attempt, and for most tokens that is no news: then the run stays the same object. */
function withCommon(run: RunItem, event: RunBound): RunItem {
  const attempt = Math.max(run.attempt, event.attempt ?? 0);
  if (event.event === "token") return attempt === run.attempt ? run : { ...run, attempt };
  return { ...run, attempt, agent: event.agent ?? run.agent, updatedAt: event.created_at };
}

function reduceStatus(run: RunItem, event: RunEvent): RunItem {
  return {
    ...run,
    messageId: event.message_id,
    status: event.status,
    reason: event.reason ?? null,
    error: event.error ?? null,
    usage: event.usage ?? run.usage,
  };
}

function reduceAttempt(run: RunItem, event: AttemptEvent): RunItem {
  const step = findStep(run, event.step);
  // A step that has said nothing yet is not the last step: a run may still end with the text of the one before.
  const isUnknown = !run.steps.includes(step);
  if (step.isClosed || (isUnknown && run.steps.length > 0)) return run;
  const text = step.text.slice(0, event.keep_offset);
  const reasoning = event.mode === "supersede" ? "" : step.reasoning;
  const hasWithdrawn = text.length < step.text.length || reasoning.length < step.reasoning.length;
  const restart = { attempt: event.attempt, step: event.step, cause: event.cause ?? "" };
  return putStep(hasWithdrawn ? { ...run, restarts: [...run.restarts, restart] } : run, { ...step, text, reasoning });
}

function reduceToken(run: RunItem, event: TokenEvent): RunItem {
  const channel = event.channel ?? "text";
  const step = findStep(run, event.step);
  if (step.isClosed || (channel !== "text" && channel !== "reasoning")) return run;
  if (event.offset !== step[channel].length) return run;
  return putStep(run, { ...step, [channel]: step[channel] + event.text });
}

function closeStep(run: RunItem, step: StepState, text: string): RunItem {
  return putStep(run, { ...step, text, isClosed: true });
}

function reduceOutput(run: RunItem, event: OutputEvent): RunItem {
  const finished = { ...run, finishReason: event.finish_reason, usage: event.usage ?? run.usage };
  return closeStep(finished, { ...outputStep(run, event), finishReason: event.finish_reason }, event.text);
}

/**
 * The step whose text `output` gives. Normally the last one shown. Where history was compacted, the tokens that would
 * have begun the last step are gone: a step that asked for tools is then followed by one that only `output` tells of,
 * unless the run stopped at the tools, which repeats that step's text.
 */
function outputStep(run: RunItem, event: OutputEvent): StepState {
  if (typeof event["step"] === "number") return findStep(run, event["step"]);
  const last = lastStep(run);
  if (!last) return newStep(0);
  const askedForTools = last.isClosed || last.tools.length > 0;
  const isLast = !askedForTools || (event.finish_reason !== "stop" && event.text === last.text);
  return isLast ? last : newStep(last.index + 1);
}

function reduceApproval(run: RunItem, event: ApprovalEvent): RunItem {
  const approval = approvalState(event);
  const known = run.approvals.findIndex((other) => other.approvalId === approval.approvalId);
  const approvals = known === -1 ? [...run.approvals, approval] : run.approvals.with(known, approval);
  return { ...run, approvals };
}
