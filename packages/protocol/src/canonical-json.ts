/**
 * RFC 8785: the same value gives the same text, whatever the order of its keys. Strings and numbers are written as
 * ECMAScript writes them, which is what the RFC prescribes. What JSON cannot say is written as JSON.stringify does, so the
 * text is the same before and after the value travelled as JSON.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    // By UTF-16 code units, as the RFC wants it, not by a locale.
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
}
