import type { EventLog, LogLine } from "@holdfast/bus";
import { type EntryPosition, formatEntryId, isTerminal, type RunStatus } from "@holdfast/protocol";

/** How `?run_id=` ends (protocol §5.3): a run's terminal `run` event is its only end marker. */

const PAGE = 500;

/** True for the terminal event of this run. Most lines are decided by a look at the text, without parsing. */
export function endsRun(line: LogLine, runId: string): boolean {
  if (!line.payload.includes('"run"') || !line.payload.includes(runId)) return false;
  const event = JSON.parse(line.payload) as { event?: unknown; run_id?: unknown; status?: unknown };
  return event.event === "run" && event.run_id === runId && isTerminal(event.status as RunStatus);
}

/** True when the run's terminal event stands in the log strictly after the cursor. */
export async function hasRunEndAfter(
  log: EventLog,
  conversationId: string,
  runId: string,
  cursor: EntryPosition | undefined,
): Promise<boolean> {
  let after = cursor && formatEntryId(cursor);
  for (;;) {
    const lines = await log.read(conversationId, after, PAGE);
    if (lines.some((line) => endsRun(line, runId))) return true;
    if (lines.length < PAGE) return false;
    after = lines.at(-1)?.id;
  }
}
