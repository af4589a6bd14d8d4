import { isRecord, type JsonRecord } from "./record.ts";

const MAX_DESCRIPTION_CHARACTERS = 1024;

/**
 * Control, zero-width, filling, bidirectional, tag and variation characters: what a person who approves a tool cannot see, a model must not
 * read. Line breaks and tabs stay.
 */
// biome-ignore format: ranges read best as a table
const HIDDEN_RANGES: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x08], [0x0b, 0x0c], [0x0e, 0x1f], [0x7f, 0x9f], [0xad, 0xad], [0x034f, 0x034f], [0x061c, 0x061c],
  [0x115f, 0x1160], [0x17b4, 0x17b5], [0x180b, 0x180f], [0x200b, 0x200f], [0x2028, 0x202e], [0x2060, 0x206f],
  [0x3164, 0x3164], [0xfe00, 0xfe0f], [0xfeff, 0xfeff], [0xffa0, 0xffa0], [0xfff0, 0xfffb], [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];
const escaped = (codePoint: number) => `\\u{${codePoint.toString(16)}}`;
const HIDDEN = new RegExp(`[${HIDDEN_RANGES.map(([from, to]) => `${escaped(from)}-${escaped(to)}`).join("")}]`, "gu");

const PROSE: ReadonlySet<string> = new Set(["description", "title", "$comment"]);

export function visibleText(text: string, maxCharacters = MAX_DESCRIPTION_CHARACTERS): string {
  const visible = text.replaceAll(HIDDEN, "").toWellFormed();
  return visible.length <= maxCharacters ? visible : `${cut(visible, maxCharacters - 1)}…`;
}

/** A copy of a schema whose descriptions and titles, at every depth, are visible text. */
export function withVisibleText(schema: JsonRecord): JsonRecord {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      const isProse = PROSE.has(key) && typeof value === "string";
      return [key, isProse ? visibleText(value) : visibleParts(value)];
    }),
  );
}

function visibleParts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(visibleParts);
  return isRecord(value) ? withVisibleText(value) : value;
}

/** At most `length` UTF-16 units, never half a surrogate pair. */
function cut(text: string, length: number): string {
  const end = /[\ud800-\udbff]/.test(text.charAt(length - 1)) ? length - 1 : length;
  return text.slice(0, end);
}
