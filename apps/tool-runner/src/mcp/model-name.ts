import { createHash } from "node:crypto";

const MAX_CHARACTERS = 64;
const HASH_CHARACTERS = 8;

/**
 * The name a model sees for a tool: `server__tool`, matching `^[a-zA-Z0-9_-]{1,64}$`. It depends on the two names alone,
 * so it is stable across restarts and independent of other tools. Where the plain form would not be unique (a character
 * had to be replaced, it is too long, or the server's name makes the border ambiguous) a hash of both names ends it.
 * Back from a name to its tool leads the catalog, never a split of the text.
 */
export function modelName(server: string, tool: string): string {
  const plain = `${server}__${tool}`;
  if (plain.length <= MAX_CHARACTERS && /^[a-zA-Z0-9_-]+$/.test(plain) && hasClearBorder(server)) return plain;
  const hash = createHash("sha256").update(`${server}\0${tool}`).digest("hex").slice(0, HASH_CHARACTERS);
  const readable = plain.replaceAll(/[^a-zA-Z0-9_-]/g, "_").slice(0, MAX_CHARACTERS - HASH_CHARACTERS - 1);
  return `${readable}_${hash}`;
}

/** The first `__` of a name is the border if the server's part neither has one nor ends in `_`. */
function hasClearBorder(server: string): boolean {
  return !server.includes("__") && !server.endsWith("_");
}
