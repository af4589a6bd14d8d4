import { uuidV5 } from "@holdfast/bus";
import { type InputError, isUuid, type Uuid } from "@holdfast/protocol";

/**
 * A message's id is its idempotency key (protocol §1). It comes in the body or in the header `Idempotency-Key`, whose
 * draft standard quotes it; a key that is no UUID becomes one that follows from it and the conversation.
 */
const MOST_CHARACTERS = 255;

export function messageIdOf(
  conversationId: Uuid,
  bodyId: Uuid | undefined,
  header: string | string[] | undefined,
): { readonly id: Uuid | undefined } | { readonly errors: InputError[] } {
  if (header === undefined) return { id: bodyId };
  const key = String(header)
    .trim()
    .replace(/^"(.*)"$/, "$1");
  if (key === "" || key.length > MOST_CHARACTERS) {
    return { errors: [{ path: "Idempotency-Key", message: `must have 1 to ${MOST_CHARACTERS} characters` }] };
  }
  const lower = key.toLowerCase();
  const id = isUuid(lower) ? lower : uuidV5(conversationId, key);
  if (bodyId !== undefined && bodyId !== id) {
    return { errors: [{ path: "id", message: "must equal the header Idempotency-Key where both are given" }] };
  }
  return { id };
}
