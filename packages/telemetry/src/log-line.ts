import { styleText } from "node:util";
import { redact } from "./redaction.ts";

/*
 * How one record becomes one line. Redaction comes before truncation, so that a secret is never cut into an unmasked half;
 * only a text beyond LONGEST_SCANNED is cut first, far behind what is kept of it.
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
  const scannable = shortened(
    { ...record, timestamp: new Date().toISOString() },
    { withStack, longest: LONGEST_SCANNED, left: MOST_NODES },
    0,
  );
  const short = shortened(redact(scannable), { withStack, longest: LONGEST_TEXT, left: MOST_NODES }, 0) as Record<
    string,
    unknown
  >;
  const leading = LEADING_KEYS.filter((key) => short[key] !== undefined).map((key) => [key, short[key]] as const);
  return { ...Object.fromEntries(leading), ...short };
}

interface Shortening {
  readonly withStack: boolean;
  readonly longest: number;
  left: number;
}

function shortened(value: unknown, how: Shortening, depth: number): unknown {
  if (typeof value === "string")
    return value.length > how.longest ? `${value.slice(0, how.longest)}… [${value.length - how.longest} more]` : value;
  if (typeof value !== "object" || value === null) return value;
  how.left -= 1;
  if (how.left < 0 || depth > DEEPEST) return "[too large]";
  if (value instanceof Error) return shortened(describeError(value, how.withStack, 0), how, depth);
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => shortened(item, how, depth + 1));
  if ("toJSON" in value && typeof value.toJSON === "function")
    return shortened((value.toJSON as () => unknown)(), how, depth + 1);
  if (isInstance(value)) return `[${value.constructor.name}]`;
  const entries = Object.entries(value).slice(0, MOST_ITEMS);
  return Object.fromEntries(entries.map(([key, item]) => [key, shortened(item, how, depth + 1)]));
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
