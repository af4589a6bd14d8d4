import type { ToolCallStatus } from "@holdfast/client";

/** How a tool call reads on its card. */
export const STATUS_LABEL: Readonly<Record<ToolCallStatus, string>> = {
  pending_approval: "Needs approval",
  started: "Running",
  completed: "Done",
  failed: "Failed",
  denied: "Denied",
  cancelled: "Cancelled",
  unknown: "Outcome unknown",
};

export function isToolOpen(status: ToolCallStatus): boolean {
  return status === "started" || status === "pending_approval";
}

/** `340 ms`, `1.2 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

export function formatTime(timestamp: string): string {
  return new Date(timestamp).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** The arguments in one line: a command as it would be typed, else as JSON. */
export function argsInBrief(args: unknown): string {
  const command = commandOf(args);
  if (command !== null) return command;
  return isEmpty(args) ? "" : JSON.stringify(args);
}

export function argsInFull(args: unknown): string {
  const command = commandOf(args);
  if (command !== null) return `$ ${command}`;
  return isEmpty(args) ? "" : JSON.stringify(args, null, 2);
}

function commandOf(args: unknown): string | null {
  if (typeof args === "string") return args;
  if (typeof args !== "object" || args === null) return null;
  const entries = Object.entries(args);
  const [name, value] = entries[0] ?? [];
  return entries.length === 1 && name === "command" && typeof value === "string" ? value : null;
}

function isEmpty(args: unknown): boolean {
  return args === null || args === undefined || (typeof args === "object" && Object.keys(args).length === 0);
}
