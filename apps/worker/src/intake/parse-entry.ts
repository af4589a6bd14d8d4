import type { Entry } from "@holdfast/bus";
import { completeEnvelope, inputErrors, isUuid, type MessageEnvelope } from "@holdfast/protocol";
import { ZodError } from "zod";

export type ParsedEntry =
  | { readonly kind: "message"; readonly envelope: MessageEnvelope }
  | {
      readonly kind: "garbage";
      readonly code: "malformed_id" | "malformed_json" | "invalid_envelope" | "unsupported_type";
      readonly message: string;
      /** Where the payload names one, its user should see that something failed. */
      readonly conversationId?: string;
    };

/** Reads what stands in `chat:<agent>`, where anybody may have put it (protocol §2.2). */
export function parseEntry(entry: Entry, agent: string, now: Date): ParsedEntry {
  const payload = parseJson(entry.payload);
  if (payload === undefined)
    return { kind: "garbage", code: "malformed_json", message: "the payload is not a JSON object" };
  const known = conversationOf(payload);
  if (!isUuid(entry.id))
    return { kind: "garbage", code: "malformed_id", message: "the entry has no UUID in `id`", ...known };
  try {
    const envelope = completeEnvelope(payload, { id: entry.id, agent, now });
    if (envelope.type === "message") return { kind: "message", envelope };
    return {
      kind: "garbage",
      code: "unsupported_type",
      message: "only messages start runs; commands go to control:",
      ...known,
    };
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const problems = inputErrors(error).map(({ path, message }) => `${path} ${message}`);
    return { kind: "garbage", code: "invalid_envelope", message: problems.join("; ").slice(0, 500), ...known };
  }
}

function parseJson(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function conversationOf(payload: object): { conversationId?: string } {
  const id = "conversation_id" in payload ? payload.conversation_id : undefined;
  return typeof id === "string" && isUuid(id) ? { conversationId: id } : {};
}
