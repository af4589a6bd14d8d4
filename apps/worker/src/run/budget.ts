import type { AgentConfig } from "@holdfast/protocol";
import type { IncompleteReason } from "./error-codes.ts";
import type { RunProgress } from "./run-progress.ts";

/** The limits of ours; the budget of seconds is a timer (run-stop.ts). */
export type BudgetReason = Exclude<IncompleteReason, "max_output_tokens" | "content_filter">;

/**
 * The limit that keeps a run from its next step. Asked before the tools of a step run: where the model could not be told
 * of their results, they do not run.
 */
export function reachedLimit(agent: AgentConfig, progress: RunProgress): BudgetReason | undefined {
  if (progress.steps.length >= agent.max_steps) return "max_steps";
  if (progress.usage.total_tokens >= agent.budget.tokens_per_run) return "budget_tokens";
  if (progress.toolCalls > agent.budget.tool_calls_per_run) return "budget_tool_calls";
  return undefined;
}

/** What the next model call may say at most. */
export function outputLimit(agent: AgentConfig, progress: RunProgress): number {
  return Math.min(agent.max_output_tokens, agent.budget.tokens_per_run - progress.usage.total_tokens);
}
