import { isSpanContextValid, trace } from "@opentelemetry/api";
import winston from "winston";
import { jsonLine, prettyLine } from "./log-line.ts";

/*
 * Log lines have stable keys (protocol §8.1): timestamp, level, message, service, then run_id, conversation_id, agent and
 * tool where they apply, trace_id and span_id of the active span, then whatever else was given. Every value is redacted.
 * A logger is handed down; `child` binds fields. Logging never throws and never waits.
 */

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** An `Error` under any key is written as `{code, message, cause?}`, with its stack only when the logger's level is debug. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly service: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** One coloured line for people instead of JSON; default: when the destination is a terminal. */
  readonly pretty?: boolean;
  /** Default stdout. */
  readonly destination?: NodeJS.WritableStream & { isTTY?: boolean };
}

export function createLogger({ service, level = "info", pretty, destination = process.stdout }: LoggerOptions): Logger {
  survive(destination);
  const line = (pretty ?? destination.isTTY === true) ? prettyLine(destination) : jsonLine;
  const withStack = level === "debug";
  const sink = winston.createLogger({
    level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: winston.format.printf((info) =>
      line({ ...(info["record"] as LogFields), service, level: info.level, message: String(info.message) }, withStack),
    ),
    transports: [new winston.transports.Stream({ stream: destination, eol: "\n" })],
  });
  return loggerOver(sink, {});
}

function loggerOver(sink: winston.Logger, bound: LogFields): Logger {
  const write = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (!sink.isLevelEnabled(level)) return;
    try {
      sink.log({ level, message, record: { ...bound, ...fields, ...activeSpan() } });
    } catch {
      // A field that throws when it is read: the work matters more than its log line.
      sink.log({ level, message, record: { ...activeSpan(), unreadable: true } });
    }
  };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => loggerOver(sink, { ...bound, ...fields }),
  };
}

function activeSpan(): LogFields {
  const span = trace.getActiveSpan()?.spanContext();
  return span !== undefined && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

const surviving = new WeakSet<object>();

/** A reader of our log that goes away (EPIPE) must not take the service with it. */
function survive(destination: NodeJS.WritableStream): void {
  if (surviving.has(destination)) return;
  surviving.add(destination);
  destination.on("error", () => {});
}
