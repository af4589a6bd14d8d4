import {
  assistantMessage,
  type ClaimedRun,
  type HistoryRecord,
  type JournalCall,
  toolMessage,
  userMessage,
} from "@holdfast/bus";
import type { MessageEnvelope } from "@holdfast/protocol";
import type { RunProgress } from "./run-progress.ts";

/** What a finished turn adds to its conversation. `finalText` is the unfinished step's: the answer, or what was shown of it. */
export function historyOf(run: ClaimedRun, progress: RunProgress, finalText: string): HistoryRecord[] {
  // What could not be read was nobody's words: people see its place, the model hears nothing of it.
  if (run.refusal) return [{ shown: userMessage(run.envelope, run.id) }];
  const records: HistoryRecord[] = [heard(run.envelope, run.id)];
  const steered = (step: number): HistoryRecord[] =>
    progress.steeredBefore(step).map(({ run_id, envelope }) => heard(envelope, run_id));
  for (const step of progress.steps) {
    records.push(...steered(step.step));
    const model = { role: "assistant" as const, content: step.text, calls: step.calls };
    records.push({ shown: assistantMessage(run.id, run.agent, step), model });
    records.push(...step.calls.flatMap((call) => toolRecord(run, progress, call)));
  }
  records.push(...steered(progress.nextStep));
  if (finalText === "") return records;
  const last = { step: progress.nextStep, text: finalText, created_at: new Date().toISOString() };
  const model = { role: "assistant" as const, content: finalText, calls: [] };
  return [...records, { shown: assistantMessage(run.id, run.agent, last), model }];
}

function heard(envelope: MessageEnvelope, runId: string): HistoryRecord {
  return { shown: userMessage(envelope, runId), model: { role: "user", content: envelope.content } };
}

function toolRecord(run: ClaimedRun, progress: RunProgress, call: JournalCall): HistoryRecord[] {
  const result = progress.result(call.id);
  if (result === undefined) return [];
  const model = { role: "tool" as const, tool_call_id: call.id, content: result.text };
  return [{ shown: toolMessage(run.id, call.name, result), model }];
}
