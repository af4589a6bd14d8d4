import type { Commands } from "../connection/commands.ts";
import type { TraceContext } from "../ports/entry.ts";
import { traceFields } from "../trace-fields.ts";

/** What every entry of a topic has (protocol §2.1). */
export interface Published {
  readonly id: string;
  /** JSON text. */
  readonly payload: string;
  readonly trace?: TraceContext;
}

export const entryFields = ({ id, payload, trace = {} }: Published): string[] => [
  "id",
  id,
  "payload",
  payload,
  ...traceFields(trace),
];

/** Adds an entry to a topic: a turn that is queued, for the first time or again, or a call for a tool. */
export async function publishEntry(commands: Commands, topic: string, published: Published): Promise<void> {
  await commands.send((redis) => redis.xadd(topic, "*", ...entryFields(published)));
}
