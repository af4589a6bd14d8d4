import { createHash } from "node:crypto";
import type { EntryPosition } from "@holdfast/protocol";

/**
 * The id of a frame of several conversations (protocol §5.7): where the reader stands in each of them. The hash binds it to
 * these conversations, in this order, in these incarnations: under another hash the numbers mean nothing.
 */
export interface CompoundCursor {
  readonly hash: string;
  readonly seqs: readonly number[];
}

const COMPOUND_ID = /^[0-9a-f]{8}(?:\.[0-9a-z]{1,10})+$/;

/** Of conversations by id, each with the epoch of its log; 0 where it has no event yet. */
export function hashOf(conversationIds: readonly string[], epochs: readonly number[]): string {
  const named = conversationIds.map((id, at) => `${id}@${epochs[at] ?? 0}`);
  return createHash("sha256").update(named.join(" ")).digest("hex").slice(0, 8);
}

export function formatCompoundId(hash: string, positions: readonly EntryPosition[]): string {
  let id = hash;
  for (const { seq } of positions) id += `.${seq.toString(36)}`;
  return id;
}

/** Undefined for what is no such id. */
export function parseCompoundId(text: string): CompoundCursor | undefined {
  if (!COMPOUND_ID.test(text)) return undefined;
  const [hash = "", ...seqs] = text.split(".");
  return { hash, seqs: seqs.map((seq) => Number.parseInt(seq, 36)) };
}
