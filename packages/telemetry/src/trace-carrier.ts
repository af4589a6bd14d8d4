import { context, createTraceState, isSpanContextValid, ROOT_CONTEXT, trace, TraceFlags } from "@opentelemetry/api";
import type { Context, SpanContext } from "@opentelemetry/api";

/*
 * W3C Trace Context as two strings, so that a trace crosses Redis in the fields `traceparent` and `tracestate` of an entry.
 * Written out here rather than left to the SDK's propagator: that one follows OTEL_PROPAGATORS, and the fields of an entry
 * are our wire format whatever is configured.
 */

/** The place in a trace from which work goes on elsewhere; empty when nothing is traced. */
export interface TraceCarrier {
  readonly traceparent?: string;
  readonly tracestate?: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The active span as fields to put on an entry or a request; `{}` when tracing is off or no span is active. */
export function currentTraceparent(): TraceCarrier {
  const span = trace.getActiveSpan();
  return span === undefined ? {} : carrierOf(span.spanContext());
}

export function carrierOf(span: SpanContext): TraceCarrier {
  if (!isSpanContextValid(span)) return {};
  const flags = (span.traceFlags & 0xff).toString(16).padStart(2, "0");
  const traceparent = `00-${span.traceId}-${span.spanId}-${flags}`;
  const tracestate = span.traceState?.serialize();
  return tracestate ? { traceparent, tracestate } : { traceparent };
}

/** A context whose parent is the carrier; an absent or malformed one starts a trace of its own, as the standard asks. */
export function contextFrom(carrier: TraceCarrier): Context {
  const span = spanContextFrom(carrier);
  return span === undefined ? ROOT_CONTEXT : trace.setSpanContext(context.active(), span);
}

function spanContextFrom({ traceparent, tracestate }: TraceCarrier): SpanContext | undefined {
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  const span: SpanContext = {
    traceId,
    spanId,
    isRemote: true,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    ...(tracestate ? { traceState: createTraceState(tracestate) } : {}),
  };
  return isSpanContextValid(span) ? span : undefined;
}
