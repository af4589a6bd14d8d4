import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Context, Span } from "@opentelemetry/api";
import { redact } from "./redaction.ts";
import { carrierOf, contextFrom } from "./trace-carrier.ts";
import type { TraceCarrier } from "./trace-carrier.ts";

/*
 * Spans are made by hand, around the few things worth one. Without a started tracer the API hands out spans that record
 * nothing, so callers never ask whether tracing is on. No method here throws.
 */

export type SpanKindName = "internal" | "server" | "client" | "producer" | "consumer";
export type SpanAttributes = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface SpanOptions {
  /** Default `internal`. */
  readonly kind?: SpanKindName;
  readonly attributes?: SpanAttributes;
  /** Continues the trace of this carrier; default is the active span. An empty carrier starts a new trace. */
  readonly parent?: TraceCarrier;
}

/** A span that is open until `end()`. Strings are redacted before they are recorded. */
export interface TraceSpan {
  setAttribute(name: string, value: string | number | boolean | readonly string[]): void;
  setAttributes(attributes: SpanAttributes): void;
  addEvent(name: string, attributes?: SpanAttributes): void;
  /** Marks the span as failed. Does not end it. */
  fail(error: unknown): void;
  /** Runs `fn` with this span active: spans and log lines made inside belong to it. */
  run<T>(fn: () => T): T;
  /** Fields that carry this span to another process. */
  carrier(): TraceCarrier;
  /** Ends the span; a second call does nothing. */
  end(): void;
}

const KINDS: Readonly<Record<SpanKindName, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** Runs `fn` in a span that ends with it; what `fn` throws marks the span as failed and is thrown on. */
export async function withSpan<T>(
  name: string,
  options: SpanOptions,
  fn: (span: TraceSpan) => Promise<T> | T,
): Promise<T> {
  const span = startSpan(name, options);
  try {
    return await span.run(() => fn(span));
  } catch (error) {
    span.fail(error);
    throw error;
  } finally {
    span.end();
  }
}

/** Opens a span whose end is elsewhere in the code; whoever opens it must `end()` it. */
export function startSpan(name: string, options: SpanOptions = {}): TraceSpan {
  const parent = options.parent === undefined ? context.active() : contextFrom(options.parent);
  const kind = KINDS[options.kind ?? "internal"];
  const span = trace.getTracer("holdfast").startSpan(name, { kind }, parent);
  // Redaction has its price: without a tracer it is not paid.
  if (span.isRecording()) span.setAttributes(recordable(options.attributes));
  return new OpenSpan(span, trace.setSpan(parent, span));
}

class OpenSpan implements TraceSpan {
  readonly #span: Span;
  readonly #context: Context;
  #isEnded = false;

  constructor(span: Span, own: Context) {
    this.#span = span;
    this.#context = own;
  }

  setAttribute(name: string, value: string | number | boolean | readonly string[]): void {
    this.setAttributes({ [name]: value });
  }

  setAttributes(attributes: SpanAttributes): void {
    if (this.#span.isRecording()) this.#span.setAttributes(recordable(attributes));
  }

  addEvent(name: string, attributes?: SpanAttributes): void {
    if (this.#span.isRecording()) this.#span.addEvent(name, recordable(attributes));
  }

  fail(error: unknown): void {
    if (!this.#span.isRecording()) return;
    const { type, message } = describe(error);
    this.#span.setAttribute("error.type", type);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: redact(message) });
  }

  run<T>(fn: () => T): T {
    return context.with(this.#context, fn);
  }

  carrier(): TraceCarrier {
    return carrierOf(this.#span.spanContext());
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#span.end();
  }
}

function recordable(attributes: SpanAttributes = {}): Record<string, string | number | boolean | string[]> {
  const entries = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return redact(Object.fromEntries(entries)) as Record<string, string | number | boolean | string[]>;
}

function describe(error: unknown): { type: string; message: string } {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const code = (error as { code?: unknown }).code;
  return { type: typeof code === "string" ? code : error.name, message: error.message };
}
