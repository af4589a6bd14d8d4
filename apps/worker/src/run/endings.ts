import type { ClaimedRun, RunEnding } from "@holdfast/bus";
import type { ModelCallFailed } from "../model/model-call-failed.ts";
import type { ModelFinishReason } from "../model/model-client.ts";
import type { BudgetReason } from "./budget.ts";
import type { RunErrorCode } from "./error-codes.ts";
import { historyOf } from "./run-history.ts";
import type { RunProgress } from "./run-progress.ts";
import type { StepText } from "./step-text.ts";

/** Where a run stands when it ends: what is finished, and what the unfinished step shows, if there is one. */
export interface RunState {
  readonly run: ClaimedRun;
  readonly progress: RunProgress;
  readonly text: StepText | undefined;
}

type Output = NonNullable<RunEnding["output"]>;
export type RunFailure = NonNullable<RunEnding["error"]> & { readonly code: RunErrorCode };

/** The model gave its whole answer; where a limit cut it, the run is `incomplete`. */
export function answered(state: RunState, finishReason: ModelFinishReason): RunEnding {
  const output = (finish_reason: Output["finish_reason"]) => ({ ...lastSaid(state), finish_reason });
  if (finishReason === "length") {
    return { ...common(state), status: "incomplete", reason: "max_output_tokens", output: output("length") };
  }
  if (finishReason === "content_filter") {
    return { ...common(state), status: "incomplete", reason: "content_filter", output: output("content_filter") };
  }
  return { ...common(state), status: "completed", output: output("stop") };
}

export function outOfBudget(state: RunState, reason: BudgetReason): RunEnding {
  return { ...common(state), status: "incomplete", reason, ...shownOutput(state, "budget") };
}

export function cancelled(state: RunState): RunEnding {
  return { ...common(state), status: "cancelled", reason: "cancelled", ...shownOutput(state, "cancelled") };
}

export function failed(state: RunState, error: RunFailure): RunEnding {
  return { ...common(state), status: "failed", reason: error.code, error, ...shownOutput(state, "error") };
}

/** The error a user sees of a model call that gave nothing. */
export function modelFailure(error: ModelCallFailed): RunFailure {
  const { code, isRetryable } = error.terms;
  return { code, message: error.message, retryable: isRetryable };
}

function common(state: RunState): Pick<RunEnding, "usage" | "history"> {
  const { run, progress, text } = state;
  return { usage: progress.usage, history: historyOf(run, progress, text?.shown ?? "") };
}

/** A run that showed nothing has no output. */
function shownOutput(state: RunState, finish_reason: Output["finish_reason"]): { output?: Output } {
  const hasShown = (state.text?.shown ?? "") !== "" || state.progress.steps.some((step) => step.text !== "");
  return hasShown ? { output: { ...lastSaid(state), finish_reason } } : {};
}

/** The last step that readers know of: one that has not said anything yet is none of theirs. */
function lastSaid({ text, progress }: RunState): { text: string; step: number } {
  if (text?.isKnown) return { text: text.shown, step: text.step };
  const last = progress.steps.at(-1);
  return { text: last?.text ?? "", step: last?.step ?? 0 };
}
