import type { ClaimedRun, EventDraft, ParkRequest } from "@holdfast/bus";
import { notRun } from "../tools/call-outcome.ts";
import { ToolStepEvents } from "../tools/tool-step-events.ts";
import { cancelled } from "./endings.ts";
import type { RunProgress } from "./run-progress.ts";

/**
 * What a cancel is to write while the run is parked and nobody works on it: the same as its owner would write now. None of
 * its open calls has gone out.
 */
export function endingIfCancelled(parked: { run: ClaimedRun; progress: RunProgress }): ParkRequest["ifCancelled"] {
  const progress = parked.progress.copy();
  const events: EventDraft[] = [];
  const lease = { append: (event: EventDraft) => void events.push(event) };
  const outcome = notRun("cancelled", "cancelled", "The run was cancelled before a human had approved the call.");
  for (const open of progress.openCalls) {
    progress.addResult(new ToolStepEvents(lease, open, open.call.name).ended(outcome, 0));
  }
  return { events, ending: cancelled({ run: parked.run, progress, text: undefined }) };
}
