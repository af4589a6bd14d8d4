import type { TraceContext } from "./ports/entry.ts";

/** Trace context as fields of a stream entry. */
export function traceFields(trace: TraceContext): string[] {
  return [
    ...(trace.traceparent ? ["traceparent", trace.traceparent] : []),
    ...(trace.tracestate ? ["tracestate", trace.tracestate] : []),
  ];
}

export function parseTrace(json: string | undefined): TraceContext {
  return json ? (JSON.parse(json) as TraceContext) : {};
}
