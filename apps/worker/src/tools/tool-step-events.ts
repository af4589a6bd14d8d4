import type { EventDraft, JournalResult, RunLease } from "@holdfast/bus";
import { redact } from "@holdfast/telemetry";
import type { OpenCall } from "../run/run-progress.ts";
import { type CallOutcome, capped, summaryOf, wordsForModel, wordsForPeople } from "./call-outcome.ts";
import { parseObject } from "./check-arguments.ts";

const MOST_LIVE_OUTPUT = 65_536;
const MOST_PER_ARGUMENT = 4_096;

type EventWriter = Pick<RunLease, "append">;

/**
 * What people see of one call, as `tool_step` events: everything in them is redacted and capped. What the model is told
 * goes to the journal in the same append, so neither exists without the other.
 */
export class ToolStepEvents {
  readonly #lease: EventWriter;
  readonly #common;
  #liveOutput = 0;
  #hasEnded = false;

  /** `name` is the tool's, where the call could be resolved. */
  constructor(lease: EventWriter, open: OpenCall, name: string) {
    this.#lease = lease;
    this.#common = {
      event: "tool_step" as const,
      step: open.step,
      tool_call_id: open.call.id,
      name,
      args: shownArguments(open.call.arguments),
    };
  }

  /** A human must approve it first. */
  get pending(): EventDraft {
    return { ...this.#common, status: "pending_approval" };
  }

  started(): void {
    this.#lease.append({ ...this.#common, status: "started" }, { started: this.#common.tool_call_id });
  }

  /**
   * A live piece of output. Past a limit the rest is only in the result. One that is heard after the end is nobody's: the end
   * may have been learnt from the call's state, before the pieces on their way were heard.
   */
  output(text: string): void {
    if (this.#hasEnded) return;
    const piece = redact(text).slice(0, MOST_LIVE_OUTPUT - this.#liveOutput);
    if (piece === "") return;
    this.#liveOutput += piece.length;
    this.#lease.append({ ...this.#common, status: "output", output: piece.toWellFormed() });
  }

  ended(outcome: CallOutcome, durationMs: number): JournalResult {
    this.#hasEnded = true;
    const shown = redact(wordsForPeople(outcome));
    const result: JournalResult = {
      tool_call_id: this.#common.tool_call_id,
      status: outcome.status,
      text: wordsForModel(outcome),
      shown,
      created_at: new Date().toISOString(),
    };
    const { error } = outcome;
    const ending = {
      ...this.#common,
      status: outcome.status,
      result_summary: summaryOf(shown),
      // Readers keep the live pieces where the result does not repeat them.
      ...(this.#liveOutput === 0 && outcome.text !== "" ? { output: shown } : {}),
      ...(error ? { error: { code: error.code, message: redact(error.message) } } : {}),
      duration_ms: Math.round(outcome.durationMs ?? durationMs),
    };
    this.#lease.append(ending, { result });
    return result;
  }
}

function shownArguments(text: string): unknown {
  const parsed = parseObject(text);
  return redact(cappedStrings(parsed ?? text));
}

function cappedStrings(value: unknown): unknown {
  if (typeof value === "string") return capped(value, MOST_PER_ARGUMENT);
  if (Array.isArray(value)) return value.map(cappedStrings);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cappedStrings(item)]));
}
