/** An execution in the words of a ToolResult (protocol §2.7). */
import type { Execution, Outcome } from "./execution.ts";
import { modelText } from "./model-text.ts";

/** What a ToolResult says besides whose it is. */
export interface ToolOutcome {
  readonly status: "completed" | "failed" | "denied" | "cancelled";
  readonly content: readonly { readonly type: "text"; readonly text: string }[];
  /** Set for every status but `completed`. */
  readonly error?: { readonly code: string; readonly message: string };
  /** Null where the command did not exit by itself; absent where nothing was started. */
  readonly exit_code?: number | null;
  readonly truncated?: boolean;
  readonly duration_ms: number;
}

type Ending = Pick<ToolOutcome, "status"> & { readonly error?: (execution: Execution, timeoutMs: number) => string };

/** A command that exits with a code other than 0 did its work and has something to say: `completed`. */
const ENDINGS: Readonly<Record<Outcome, Ending>> = {
  exited: { status: "completed" },
  denied: { status: "denied", error: ({ message }) => message ?? "The command was denied." },
  spawn_failed: { status: "failed", error: ({ message }) => message ?? "The command could not be started." },
  cancelled: { status: "cancelled", error: () => "The call was cancelled." },
  timed_out: { status: "failed", error: (_, timeoutMs) => `The command was ended after ${timeoutMs} ms.` },
  output_limit: { status: "failed", error: () => "The command printed far more than the limit and was ended." },
  quota_exceeded: { status: "failed", error: () => "The workspace holds more than it may." },
  signaled: { status: "failed", error: ({ signal }) => `The command was ended by ${signal}.` },
};

export function toolOutcome(execution: Execution, timeoutMs: number): ToolOutcome {
  const { outcome, denyCode, durationMs, exitCode, stdout, stderr } = execution;
  const { status, error } = ENDINGS[outcome];
  const { text, isCut } = modelText(execution, timeoutMs);
  const hasRun = outcome !== "denied" && outcome !== "spawn_failed";
  return {
    status,
    content: [{ type: "text", text }],
    ...(error && { error: { code: denyCode ?? outcome, message: error(execution, timeoutMs) } }),
    ...(hasRun && { exit_code: exitCode, truncated: isCut || stdout.isTruncated || stderr.isTruncated }),
    duration_ms: durationMs,
  };
}
