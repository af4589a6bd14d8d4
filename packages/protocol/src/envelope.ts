import { z } from "zod";
import { Uuid } from "./ids.ts";
import type { AgentName } from "./topics.ts";

/** `user:<name>` or `agent:<name>`. */
export const Party = z
  .string()
  .regex(/^(user|agent):[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/, "must be user:<name> or agent:<name>");
export type Party = z.infer<typeof Party>;

export const Metadata = z.record(z.string(), z.json());
export type Metadata = z.infer<typeof Metadata>;

export const Timestamp = z.iso.datetime({ offset: true });
export type Timestamp = z.infer<typeof Timestamp>;

/** A half of a surrogate pair has no UTF-8: it could not come out as it went in. */
export const Content = z
  .string()
  .refine((text) => text.trim() !== "", "must not be empty")
  .refine((text) => text.isWellFormed(), "must be well-formed Unicode");

/** One input to a conversation (protocol §2.8), the payload of `chat:` entries. */
export const MessageEnvelope = z.object({
  id: Uuid,
  conversation_id: Uuid,
  sender: Party,
  recipient: Party,
  type: z.enum(["message", "control"]),
  content: Content,
  metadata: Metadata,
  created_at: Timestamp,
});
export type MessageEnvelope = z.infer<typeof MessageEnvelope>;

/**
 * An envelope as an outside producer may write it to `chat:<agent>` by hand: only the conversation and the content are
 * needed. The entry's own `id` field is the message's id, whatever the payload says.
 */
export const LooseEnvelope = MessageEnvelope.partial({
  id: true,
  sender: true,
  recipient: true,
  type: true,
  metadata: true,
  created_at: true,
});

/** Fills in what an outside producer left out. Errors: throws ZodError where the payload is no envelope. */
export function completeEnvelope(payload: unknown, entry: { id: Uuid; agent: AgentName; now: Date }): MessageEnvelope {
  const given = LooseEnvelope.parse(payload);
  return {
    conversation_id: given.conversation_id,
    content: given.content,
    sender: given.sender ?? "user:anonymous",
    type: given.type ?? "message",
    metadata: given.metadata ?? {},
    created_at: given.created_at ?? entry.now.toISOString(),
    id: entry.id,
    recipient: `agent:${entry.agent}`,
  };
}
