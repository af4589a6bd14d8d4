import { isRecord, type JsonRecord } from "./record.ts";

const MAX_DESCRIPTION_CHARACTERS = 1024;

/**
 * Control, zero-width, bidirectional and tag characters: what a person who approves a tool cannot see, a model must not
 * read. Line breaks and tabs stay.
 */
// biome-ignore format: ranges read best as a table
const HIDDEN_RANGES: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x08], [0x0b, 0x0c], [0x0e, 0x1f], [0x7f, 0x9f], [0xad, 0xad], [0x061c, 0x061c], [0x180e, 0x180e],
  [0x200b, 0x200f], [0x2028, 0x202e], [0x2060, 0x206f], [0xfeff, 0xfeff], [0xfff9, 0xfffb], [0xe0000, 0xe007f],
];
const escaped = (codePoint: number) => `\\u{${codePoint.toString(16)}}`;
const HIDDEN = new RegExp(`[${HIDDEN_RANGES.map(([from, to]) => `${escaped(from)}-${escaped(to)}`).join("")}]`, "gu");

export function visibleText(text: string): string {
  const visible = text.replaceAll(HIDDEN, "");
  return visible.length <= MAX_DESCRIPTION_CHARACTERS ? visible : `${cut(visible, MAX_DESCRIPTION_CHARACTERS - 1)}…`;
}

/** A copy of a schema whose descriptions and titles, at every depth, are visible text. */
export function withVisibleText(schema: JsonRecord): JsonRecord {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      const isProse = (key === "description" || key === "title") && typeof value === "string";
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
