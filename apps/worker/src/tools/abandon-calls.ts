import type { Control, RunLease, ToolCalls } from "@holdfast/bus";
import type { CallErrorCode } from "../run/error-codes.ts";
import type { OpenCall, RunProgress } from "../run/run-progress.ts";
import { type CallOutcome, notRun, outcomeOf, outcomeUnknown } from "./call-outcome.ts";
import { ToolStepEvents } from "./tool-step-events.ts";

/** Why the run goes no further. */
export interface Abandonment {
  readonly code: CallErrorCode;
  readonly message: string;
}

interface CallJournal {
  readonly toolCalls: ToolCalls;
  readonly control: Control;
}

/**
 * Ends the open calls of a run that goes no further, so that none is left without a result and none is said to be running
 * for ever. One that was announced may have gone out: it is `cancelled` only where no tool-runner can begin it any more. One
 * that a runner has begun is `unknown`, and the runner is told to end it: nobody waits for it, nor for what it asks humans.
 */
export async function abandonCalls(
  { lease, progress }: { readonly lease: RunLease; readonly progress: RunProgress },
  journal: CallJournal,
  why: Abandonment,
): Promise<void> {
  const outcomes = progress.openCalls.map(async (open) => ({
    open,
    outcome: await abandon(open, lease, journal, why),
  }));
  const settled = await Promise.all(outcomes);
  // Before their calls end, as where a call is waited for. What cannot be closed here is closed by the run's ending.
  await lease.questions.close().catch(() => undefined);
  for (const { open, outcome } of settled) {
    progress.addResult(new ToolStepEvents(lease, open, open.call.name).ended(outcome, 0));
  }
}

async function abandon(
  open: OpenCall,
  { run }: RunLease,
  { toolCalls, control }: CallJournal,
  why: Abandonment,
): Promise<CallOutcome> {
  if (!open.wasStarted) return notRun("cancelled", why.code, why.message);
  try {
    const id = toolCalls.callId(run.id, open.step, open.index);
    const state = await toolCalls.giveUp(run.conversationId, id);
    if (state.state === "done") return outcomeOf(state.result);
    if (state.state === "cancelled") return notRun("cancelled", why.code, why.message);
    const command = { type: "cancel", run_id: run.id, tool_call_id: open.call.id, by: `agent:${run.agent}` } as const;
    await control.send(run.agent, command);
    return outcomeUnknown("The run ended before the call did.");
  } catch {
    // Whatever is wrong, a run that is given up must come to its end.
    return outcomeUnknown("The run ended, and whether the call had begun could not be found out.");
  }
}
