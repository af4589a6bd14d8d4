import { z } from "zod";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A UUID of any version in canonical lower case (protocol §1). */
export const Uuid = z.string().regex(UUID, "must be a UUID in lower case");
export type Uuid = z.infer<typeof Uuid>;

/** Asked of every agent's name, which must be none: the schema would say each time at length what is wrong with it. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/**
 * A random UUID (version 4). `crypto.randomUUID` costs a fraction of building one, but exists only in secure contexts, and a
 * page served over plain HTTP from another host is not one.
 */
export function newUuid(): Uuid {
  return "randomUUID" in crypto ? crypto.randomUUID() : randomUuid();
}

function randomUuid(): Uuid {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return formatUuid(bytes);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** 16 bytes as canonical text. */
function formatUuid(bytes: Uint8Array): Uuid {
  let text = "";
  for (let at = 0; at < 16; at += 1) {
    if (at === 4 || at === 6 || at === 8 || at === 10) text += "-";
    text += HEX[bytes[at] ?? 0];
  }
  return text;
}
