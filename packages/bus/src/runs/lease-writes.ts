import type { JournalWrite, RunEnding } from "../ports/runs.ts";

/** Field/value arguments for the run's hash that make a journal write durable in the append's own script call. */
export function journalFields(write: JournalWrite): string[] {
  const fields: string[] = [];
  if (write.step)
    fields.push(`j:step:${write.step.step}`, JSON.stringify(write.step), "steps", String(write.step.step + 1));
  if (write.result) fields.push(`j:result:${write.result.tool_call_id}`, JSON.stringify(write.result));
  if (write.started) fields.push(`j:started:${write.started}`, new Date().toISOString());
  if (write.workedMs !== undefined) fields.push("worked_ms", String(write.workedMs));
  return fields;
}

/** The same for what stays of a run that has ended. */
export function endingFields({ status, usage, reason, error }: RunEnding, attempt: number, now: string): string[] {
  const fields = ["status", status, "finished_at", now, "usage", JSON.stringify(usage), "attempt", String(attempt)];
  if (reason) fields.push("reason", reason);
  if (error) fields.push("error", JSON.stringify(error));
  return fields;
}
