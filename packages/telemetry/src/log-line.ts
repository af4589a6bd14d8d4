import { styleText } from "node:util";
import { hidesWhole, REDACTED, redactName, redactText } from "./redaction.ts";

/*
 * How one record becomes one line, copied once: nearly every line is short, and there is one for every run. Redaction comes
 * before truncation, so that a secret is never cut into an unmasked half; only a text beyond LONGEST_SCANNED is cut first, far
 * behind what is kept of it.
 */

const LONGEST_TEXT = 2_048;
const LONGEST_SCANNED = 65_536;
const MOST_ITEMS = 100;
const MOST_NODES = 1_000;
const DEEPEST = 8;
const DEEPEST_CAUSE = 4;

const LEADING_KEYS = [
  "timestamp",
  "level",
  "message",
  "service",
  "run_id",
  "conversation_id",
  "agent",
  "tool",
  "trace_id",
  "span_id",
];

export type LogRecord = Readonly<Record<string, unknown>> & {
  readonly level: string;
  readonly message: string;
  readonly service: string;
};
type LineFormat = (record: LogRecord, withStack: boolean) => string;

export const jsonLine: LineFormat = (record, withStack) => JSON.stringify(ordered(record, withStack));

/** `12:30:01.123 WARN  gateway  message  key=value …`, coloured where the stream and NO_COLOR allow it. */
export function prettyLine(stream: NodeJS.WritableStream): LineFormat {
  const paint = (style: "dim" | "red" | "yellow" | "green" | "blue" | "bold", text: string) =>
    styleText(style, text, { stream });
  const colours = { error: "red", warn: "yellow", info: "green", debug: "blue" } as const;
  return (record, withStack) => {
    const { timestamp, level, message, service, ...rest } = ordered(record, withStack);
    const colour = colours[record.level as keyof typeof colours] ?? "bold";
    const fields = Object.entries(rest).map(([key, value]) => `${paint("dim", `${key}=`)}${onOneLine(value)}`);
    const head = [
      paint("dim", String(timestamp).slice(11, 23)),
      paint(colour, String(level).toUpperCase().padEnd(5)),
      paint("dim", String(service)),
    ];
    return [...head, onOneLine(message), ...fields].join(" ");
  };
}

function ordered(record: LogRecord, withStack: boolean): Record<string, unknown> {
  const stamped: Record<string, unknown> = { ...record, timestamp: new Date().toISOString() };
  const leading: Record<string, unknown> = {};
  for (const key of LEADING_KEYS) if (stamped[key] !== undefined) leading[key] = stamped[key];
  return copyOf({ ...leading, ...stamped }, { withStack, left: MOST_NODES }, 0);
}

interface Copying {
  readonly withStack: boolean;
  left: number;
}

/** What may be shown of a value, redacted and cut. */
function shown(value: unknown, how: Copying, depth: number): unknown {
  if (typeof value !== "object" || value === null) return shownPrimitive(value);
  if (how.left <= 0 || depth > DEEPEST) return "[too large]";
  if (value instanceof Error) return copyOf(describeError(value, how.withStack, 0), how, depth);
  if (Array.isArray(value)) return listOf(value, how, depth);
  if ("toJSON" in value && typeof value.toJSON === "function")
    return shown((value.toJSON as () => unknown)(), how, depth + 1);
  return isInstance(value) ? `[${value.constructor.name}]` : copyOf(value, how, depth);
}

function listOf(list: readonly unknown[], how: Copying, depth: number): unknown[] {
  how.left -= 1;
  return list.slice(0, MOST_ITEMS).map((item) => shown(item, how, depth + 1));
}

function copyOf(value: object, how: Copying, depth: number): Record<string, unknown> {
  how.left -= 1;
  // Without a prototype no name means anything.
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value).slice(0, MOST_ITEMS))
    copy[redactName(key)] = hidesWhole(key, item) ? REDACTED : shown(item, how, depth + 1);
  return copy;
}

function shownPrimitive(value: unknown): unknown {
  if (typeof value === "string") return shownText(value);
  if (typeof value === "bigint") return value.toString();
  return typeof value === "function" || typeof value === "symbol" ? `[${typeof value}]` : value;
}

function shownText(text: string): string {
  const redacted = redactText(text.length > LONGEST_SCANNED ? text.slice(0, LONGEST_SCANNED) : text);
  const kept = redacted.length > LONGEST_TEXT ? redacted.slice(0, LONGEST_TEXT) : redacted;
  const cut = redacted.length - kept.length + Math.max(0, text.length - LONGEST_SCANNED);
  return cut > 0 ? `${kept}… [${cut} more]` : kept;
}

/** Objects of a class say nothing a log reader needs unless they know how to print themselves; a socket drags in a world. */
function isInstance(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== null && prototype !== Object.prototype;
}

function describeError(error: Error, withStack: boolean, depth: number): Record<string, unknown> {
  const code = (error as { code?: unknown }).code;
  const cause =
    error.cause instanceof Error && depth < DEEPEST_CAUSE
      ? describeError(error.cause, withStack, depth + 1)
      : undefined;
  return {
    code: typeof code === "string" || typeof code === "number" ? code : error.name,
    message: error.message,
    ...(cause === undefined ? {} : { cause }),
    ...(withStack ? { stack: error.stack } : {}),
  };
}

function onOneLine(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? "undefined";
  return /\p{Cc}/u.test(value) ? JSON.stringify(value) : value;
}
