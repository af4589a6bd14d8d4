import { hash } from "node:crypto";
import type { Uuid } from "@holdfast/protocol";

/** A UUID that follows from a namespace and a name (RFC 9562, version 5): asking twice gives the same one. */
export function uuidV5(namespace: Uuid, name: string): Uuid {
  const bytes = Buffer.alloc(16 + Buffer.byteLength(name));
  bytes.write(namespace.replaceAll("-", ""), "hex");
  bytes.write(name, 16);
  // In one call, and as text: an object that is fed, and the buffer it gives, cost several times the hash.
  const hex = hash("sha1", bytes);
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The run that answers a message. It follows from the message, so a repeated accept can only find the same run. */
export const runIdOf = (conversationId: Uuid, messageId: Uuid): Uuid => uuidV5(conversationId, messageId);
