import { lastStep } from "./items.ts";
import { hasEnded } from "./run-status.ts";
import type { ApprovalState, ConversationState, RunItem } from "./state.ts";

/** What the reader shows as the run's answer: the last step's text, which `output` ends up equal to. */
export function answerText(run: RunItem): string {
  return lastStep(run)?.text ?? "";
}

export function runsOf(state: ConversationState): readonly RunItem[] {
  return state.items.filter((item) => item.kind === "run");
}

/** The run that is being worked on or, before a worker has it, the first that waits; undefined when all have ended. */
export function activeRun(state: ConversationState): RunItem | undefined {
  const open = runsOf(state).filter((run) => !hasEnded(run.status));
  return open.find((run) => run.status !== "queued") ?? open[0];
}

export function pendingApprovals(state: ConversationState): readonly ApprovalState[] {
  return runsOf(state).flatMap((run) => run.approvals.filter((approval) => approval.status === "requested"));
}
