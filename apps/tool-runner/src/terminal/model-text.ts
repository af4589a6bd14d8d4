/**
 * Puts an execution into the text that the model reads: what was printed, made safe, and below it in brackets what a person
 * would see in a terminal besides, so that a failure explains itself.
 */
import type { Captured, Execution, Outcome } from "./execution.ts";
import { TerminalText } from "./terminal-text.ts";

/** About 50 kB (protocol §2.7). */
const MAX_TEXT_BYTES = 50_000;
/** Errors are short and matter: this much is kept for them when standard output alone would fill the text. */
const STDERR_SHARE_BYTES = 10_000;

export interface ModelText {
  readonly text: string;
  /** The text is shorter than what was captured. */
  readonly isCut: boolean;
}

export function modelText(execution: Execution, timeoutMs: number): ModelText {
  const out = cleanText(execution.stdout);
  const err = cleanText(execution.stderr);
  const errBytes = Buffer.byteLength(err);
  const shownOut = cutToBytes(out, MAX_TEXT_BYTES - Math.min(errBytes, STDERR_SHARE_BYTES));
  const shownErr = cutToBytes(err, MAX_TEXT_BYTES - Buffer.byteLength(shownOut));
  const isOutCut = execution.stdout.isTruncated || shownOut.length < out.length;
  const isErrCut = execution.stderr.isTruncated || shownErr.length < err.length;
  const parts = [
    shownOut,
    isOutCut ? "[the rest of the output was cut off]" : "",
    shownErr === "" ? "" : `[stderr]\n${shownErr}`,
    isErrCut ? "[the rest of stderr was cut off]" : "",
    ENDINGS[execution.outcome](execution, timeoutMs),
  ].filter((part) => part !== "");
  const isCut = shownOut.length < out.length || shownErr.length < err.length;
  return { text: parts.length === 0 ? "[no output]" : joinLines(parts), isCut };
}

/** Each part begins on a line of its own; a single part is left as it is. */
function joinLines(parts: readonly string[]): string {
  return parts.reduce((text, part) => (text.endsWith("\n") ? text + part : `${text}\n${part}`));
}

const ENDINGS: Readonly<Record<Outcome, (execution: Execution, timeoutMs: number) => string>> = {
  denied: ({ message }) => message ?? "[denied]",
  spawn_failed: ({ message }) => message ?? "[could not be started]",
  exited: ({ exitCode }) => (exitCode === 0 ? "" : `[exit code ${exitCode}]`),
  signaled: ({ signal }) =>
    `[ended by ${signal}${signal === "SIGXFSZ" ? ": a file passed its limit, or the workspace is full" : ""}]`,
  timed_out: (_, timeoutMs) => `[timed out after ${timeoutMs} ms]`,
  output_limit: () => "[stopped: it printed far more than the limit]",
  quota_exceeded: () => "[stopped: the workspace holds more than it may; remove what is not needed]",
  cancelled: () => "[cancelled]",
};

function cleanText({ bytes, isTruncated }: Captured): string {
  const text = new TerminalText();
  return text.push(bytes) + text.end(isTruncated);
}

/** The longest beginning of at most `maxBytes` in UTF-8 that does not end inside a character. */
function cutToBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
