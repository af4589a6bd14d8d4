import { createHash } from "node:crypto";
import { formatUuid, type Uuid } from "@holdfast/protocol";

/** A UUID that follows from a namespace and a name (RFC 9562, version 5): asking twice gives the same one. */
export function uuidV5(namespace: Uuid, name: string): Uuid {
  const bytes = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name)
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return formatUuid(bytes);
}

/** The run that answers a message. It follows from the message, so a repeated accept can only find the same run. */
export const runIdOf = (conversationId: Uuid, messageId: Uuid): Uuid => uuidV5(conversationId, messageId);
