import { EntryId, isUuid } from "@holdfast/protocol";

/** Where a reader wants to begin (protocol §5.3), before anything was looked up. */
export type CursorRequest =
  | { readonly from: "beginning" }
  /** Only what is new. */
  | { readonly from: "newest" }
  /** Strictly after this entry. */
  | { readonly from: "entry"; readonly id: EntryId }
  /** Strictly after the entry whose `id` field this is. */
  | { readonly from: "event"; readonly uuid: string };

/**
 * The header wins over the query, and an empty header is none: a browser sends one when the server cleared its id.
 * Undefined for a malformed cursor.
 */
export function parseCursor(lastEventId: string | undefined, after: unknown): CursorRequest | undefined {
  const header = lastEventId?.trim();
  if (header) return parseOne(header);
  if (after === undefined) return { from: "beginning" };
  if (after === "$") return { from: "newest" };
  return typeof after === "string" ? parseOne(after) : undefined;
}

function parseOne(text: string): CursorRequest | undefined {
  if (EntryId.safeParse(text).success) return { from: "entry", id: text };
  return isUuid(text) ? { from: "event", uuid: text } : undefined;
}
