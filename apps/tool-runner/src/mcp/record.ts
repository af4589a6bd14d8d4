/** A JSON object of unknown content. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value itself, or an empty object where it is none. */
export function recordOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}
