import type { FrameEvent } from "@holdfast/protocol";
import type { Frame } from "../frame.ts";

/** Writes logs as the append script would: contiguous ids, and the fields every event has. For tests. */
export const CONVERSATION = "11111111-1111-4111-8111-111111111111";
export const RUN = "22222222-2222-4222-8222-222222222222";
export const MESSAGE = "33333333-3333-4333-8333-333333333333";
export const AT = "2026-11-22T10:00:00.000Z";
export const USAGE = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };

type Distribute<Event> = Event extends FrameEvent ? Partial<Event> & Pick<Event, "event"> : never;
export type PartialEvent = Distribute<FrameEvent>;

export function frameOf(seq: number, event: PartialEvent, epoch = 1_700_000_000_000): Frame {
  const common = { conversation_id: CONVERSATION, created_at: AT, run_id: RUN, agent: "assistant", attempt: 1 };
  const { agent: _agent, created_at: _createdAt, ...small } = common;
  return { id: `${epoch}-${seq}`, event: { ...(event.event === "token" ? small : common), ...event } };
}

/** A whole log from its events, ids counted from 1. */
export function logOf(...events: readonly PartialEvent[]): Frame[] {
  return events.map((event, index) => frameOf(index + 1, event));
}

export const asked = (content = "Hi"): PartialEvent => ({
  event: "user_message",
  message_id: MESSAGE,
  sender: "user:ada",
  content,
});

export const status = (of: "queued" | "in_progress" | "completed" | "failed" | "cancelled"): PartialEvent => ({
  event: "run",
  status: of,
  message_id: MESSAGE,
});

export const token = (offset: number, text: string, more: Partial<Distribute<FrameEvent>> = {}): PartialEvent =>
  ({ event: "token", step: 0, index: 0, offset, text, ...more }) as PartialEvent;

export const attempt = (
  number: number,
  mode: "start" | "supersede" | "continue",
  keepOffset: number,
  step = 0,
): PartialEvent => ({ event: "attempt", attempt: number, mode, step, keep_offset: keepOffset, cause: "lease_expired" });

export const output = (text: string, more: Partial<Distribute<FrameEvent>> = {}): PartialEvent =>
  ({ event: "output", message_id: MESSAGE, text, finish_reason: "stop", usage: USAGE, ...more }) as PartialEvent;
