/**
 * How a service's output looks in the terminal of `npm start`: one short line per log line, coloured where the terminal can.
 * A line that is no JSON (a crash before the logger exists) is shown as it is.
 */
import { styleText } from "node:util";

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly timestamp?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const SERVICE_WIDTH = 11;
const HIDDEN = new Set(["timestamp", "level", "message", "service", "trace_id", "span_id"]);
const SHORT_ID = 8;
const LONGEST_VALUE = 100;
const LEVEL_STYLE = { error: "red", warn: "yellow", info: "reset", debug: "gray" } as const;

/** The log line in `text`, or undefined when it is something else. */
export function parseLogLine(text: string): LogLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const { level, message, timestamp, ...fields } = JSON.parse(text) as Record<string, unknown>;
    if (typeof level !== "string" || typeof message !== "string") return undefined;
    return { level, message, fields, ...(typeof timestamp === "string" ? { timestamp } : {}) };
  } catch {
    return undefined;
  }
}

function fieldText([name, value]: [string, unknown]): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const isId = name.endsWith("_id") && typeof value === "string";
  if (isId) return `${name}=${text.slice(0, SHORT_ID)}`;
  return `${name}=${text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text}`;
}

export function formatLogLine(service: string, text: string): string {
  const name = styleText("dim", service.padEnd(SERVICE_WIDTH));
  const line = parseLogLine(text);
  if (line === undefined) return `  ${name} ${text}`;
  const style = LEVEL_STYLE[line.level as keyof typeof LEVEL_STYLE] ?? "reset";
  const fields = Object.entries(line.fields)
    .filter(([key, value]) => !HIDDEN.has(key) && value !== undefined)
    .map(fieldText)
    .join(" ");
  const time = (line.timestamp ?? new Date().toISOString()).slice(11, 19);
  return `  ${name} ${styleText("dim", time)} ${styleText(style, line.message)}${fields && styleText("dim", ` ${fields}`)}`;
}
