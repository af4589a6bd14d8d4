import type { ConversationItem, RunItem, StepState } from "./state.ts";

/** Where things stand in a conversation, and copies with one of them changed. Searches begin at the end: the work is there. */

export function findRun(items: readonly ConversationItem[], runId: string): RunItem | undefined {
  const item = items[indexOfRun(items, runId)];
  return item?.kind === "run" ? item : undefined;
}

function indexOfRun(items: readonly ConversationItem[], runId: string): number {
  return items.findLastIndex((item) => item.kind === "run" && item.runId === runId);
}

/** Puts the run in its place: where it was, else after its message and that message's earlier runs, else at the end. */
export function putRun(items: readonly ConversationItem[], run: RunItem): readonly ConversationItem[] {
  const known = indexOfRun(items, run.runId);
  if (known !== -1) return items[known] === run ? items : items.with(known, run);

  const message = items.findLastIndex((item) => item.kind === "user_message" && item.messageId === run.messageId);
  if (message === -1) return [...items, run];
  let place = message + 1;
  while (items[place]?.kind === "run") place += 1;
  return items.toSpliced(place, 0, run);
}

export function lastStep(run: RunItem): StepState | undefined {
  return run.steps.at(-1);
}

export function findStep(run: RunItem, index: number): StepState {
  return run.steps.findLast((step) => step.index === index) ?? newStep(index);
}

export function newStep(index: number): StepState {
  return { index, text: "", reasoning: "", isClosed: false, finishReason: null, tools: [] };
}

/** Puts the step in its place by index. */
export function putStep(run: RunItem, step: StepState): RunItem {
  const known = run.steps.findLastIndex((other) => other.index === step.index);
  if (known !== -1) return run.steps[known] === step ? run : { ...run, steps: run.steps.with(known, step) };
  const before = run.steps.findLastIndex((other) => other.index < step.index);
  return { ...run, steps: run.steps.toSpliced(before + 1, 0, step) };
}

export function newRun(runId: string, createdAt: string): RunItem {
  return {
    kind: "run",
    runId,
    messageId: null,
    agent: null,
    status: "queued",
    attempt: 0,
    steps: [],
    approvals: [],
    notices: [],
    restarts: [],
    reason: null,
    error: null,
    usage: null,
    finishReason: null,
    createdAt,
    updatedAt: createdAt,
  };
}
