import type { ControlCommand } from "@holdfast/protocol";
import type { Logger } from "@holdfast/telemetry";
import type { ActiveRuns } from "./active-runs.ts";

/**
 * The command in `control:<agent>` is only the bell: it makes a lease look at its run's durable flag now, instead of with
 * its next write. A bell that is lost costs time and nothing else.
 */
export function ringForCancel(command: ControlCommand, active: ActiveRuns, logger: Logger): void {
  // A cancel that names a tool call is for the tool-runners.
  if (command.type !== "cancel" || command.run_id === undefined || command.tool_call_id !== undefined) return;
  const lease = active.find(command.run_id);
  lease
    ?.checkCancel()
    .catch((error: unknown) => logger.warn("cancel flag not read", { error, run_id: command.run_id }));
}
