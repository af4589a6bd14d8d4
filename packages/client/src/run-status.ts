import type { RunStatus, TerminalStatus } from "@holdfast/protocol";

/** The four endings of a run (protocol §3.2), held complete by the compiler. */
const TERMINAL = { completed: true, incomplete: true, failed: true, cancelled: true } as const satisfies Record<
  TerminalStatus,
  true
>;

export function hasEnded(status: RunStatus): status is TerminalStatus {
  return Object.hasOwn(TERMINAL, status);
}
