import { type Bus, BusUnavailable, type Conversations } from "@holdfast/bus";
import type { ControlCommand } from "@holdfast/protocol";
import type { Logger } from "@holdfast/telemetry";
import type { ActiveRuns } from "./active-runs.ts";

export interface BellDeps {
  readonly conversations: Pick<Conversations, "cancelRun">;
  readonly active: ActiveRuns;
  readonly logger: Logger;
}

/**
 * A cancel in `control:<agent>` is mostly the bell of a run that is flagged already: it makes a lease look at its durable
 * flag now, instead of with its next write. Lost, it costs time and nothing else. One that an operator put there by hand
 * comes without a flag: whoever hears it flags the run, which rings the bell for its owner.
 */
export function obeyCancel(command: ControlCommand, { conversations, active, logger }: BellDeps): void {
  const { type, run_id: runId, tool_call_id: toolCallId, by, flagged = false } = command;
  // A cancel that names a tool call is for the tool-runners.
  if (type !== "cancel" || runId === undefined || toolCallId !== undefined) return;
  const obeyed = flagged ? active.find(runId)?.checkCancel() : conversations.cancelRun(runId, by);
  obeyed?.catch((error: unknown) => logger.warn("cancel not obeyed", { error, run_id: runId }));
}

/** Also those that were put into the topic while nobody listened. What cannot be cancelled keeps the others waiting only while Redis is away. */
export function obeyUnheardCancels(
  agent: string,
  { control, conversations, logger }: Pick<Bus, "control" | "conversations"> & { readonly logger: Logger },
): void {
  const obey = (runId: string, by: string) =>
    conversations.cancelRun(runId, by).catch((error: unknown) => {
      if (error instanceof BusUnavailable) throw error;
      logger.warn("cancel not obeyed", { error, run_id: runId });
    });
  control.obeyCancels(agent, obey).catch((error: unknown) => logger.warn("cancels not looked for", { error, agent }));
}
