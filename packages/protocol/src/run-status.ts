import { z } from "zod";

export const RunStatus = z.enum([
  "queued",
  "in_progress",
  "requires_action",
  "completed",
  "incomplete",
  "failed",
  "cancelled",
]);
export type RunStatus = z.infer<typeof RunStatus>;

/** The four endings of a run: the only end markers. */
export const TERMINAL_STATUSES = [
  "completed",
  "incomplete",
  "failed",
  "cancelled",
] as const satisfies readonly RunStatus[];
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];
