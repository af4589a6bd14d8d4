import { fieldOf } from "../log/redis-event-log.ts";
import type { Entry } from "../ports/entry.ts";

/** A stream entry as work; fields that are missing are empty. */
export function entryFrom(topic: string, entryId: string, fields: readonly string[], reclaimedFrom?: string): Entry {
  const traceparent = fieldOf(fields, "traceparent");
  const tracestate = fieldOf(fields, "tracestate");
  return {
    topic,
    entryId,
    id: fieldOf(fields, "id"),
    payload: fieldOf(fields, "payload"),
    trace: { ...(traceparent ? { traceparent } : {}), ...(tracestate ? { tracestate } : {}) },
    ...(reclaimedFrom === undefined ? {} : { reclaimedFrom }),
  };
}
