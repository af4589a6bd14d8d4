import type { ToolResult, ToolResultStatus } from "@holdfast/protocol";
import type { CallErrorCode } from "../run/error-codes.ts";

/** How a call ended, before it is worded for the model and for people. */
export interface CallOutcome {
  readonly status: ToolResultStatus;
  /** What the tool said; empty where it did not run. */
  readonly text: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly durationMs?: number;
}

export function outcomeOf(result: ToolResult): CallOutcome {
  const said = result.content
    .flatMap((part) => (part.text === undefined ? [`[${part.type}]`] : [part.text]))
    .join("\n");
  const text = said === "" && result.structured !== undefined ? JSON.stringify(result.structured) : said;
  const { status, error, duration_ms: durationMs } = result;
  return { status, text, durationMs, ...(error ? { error } : {}) };
}

/** The call never began. */
export const notRun = (
  status: "failed" | "denied" | "cancelled",
  code: CallErrorCode,
  message: string,
): CallOutcome => ({
  status,
  text: "",
  error: { code, message },
});

export const outcomeUnknown = (message: string): CallOutcome => ({
  status: "unknown",
  text: "",
  error: { code: "outcome_unknown", message },
});

const MOST_FOR_MODEL = 65_536;
const MOST_FOR_PEOPLE = 16_384;
const MOST_IN_SUMMARY = 200;

/** What the model is told. It must never read an unknown outcome as a failure that may be tried again blindly. */
export function wordsForModel({ status, text, error }: CallOutcome): string {
  const said = capped(text, MOST_FOR_MODEL);
  if (status === "completed") return said === "" ? "(no output)" : said;
  const reason = error ? `${error.message} [${error.code}]` : "The tool gave no reason.";
  const opening = {
    failed: `Error: ${reason}`,
    denied: `Denied: ${reason}`,
    cancelled: `Cancelled: ${reason}`,
    unknown: `The outcome of this call is unknown: ${reason} It may or may not have taken effect; check before you repeat it.`,
  }[status];
  return said === "" ? opening : `${opening}\n${said}`;
}

/** What people see of it, before redaction. */
export function wordsForPeople({ text, error }: CallOutcome): string {
  return capped(text === "" ? (error?.message ?? "") : text, MOST_FOR_PEOPLE);
}

/** One line. */
export function summaryOf(shown: string): string {
  const line = shown.replaceAll(/\s+/g, " ").trim();
  return line.length > MOST_IN_SUMMARY ? `${line.slice(0, MOST_IN_SUMMARY - 1).toWellFormed()}…` : line;
}

/** Keeps head and tail: errors tend to stand at the end. */
export function capped(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor(most / 2);
  const left = text.length - 2 * half;
  return `${text.slice(0, half).toWellFormed()}\n[… ${left} characters left out …]\n${text.slice(-half).toWellFormed()}`;
}
