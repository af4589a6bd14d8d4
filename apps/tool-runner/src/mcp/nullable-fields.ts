import { isRecord, type JsonRecord, recordOf } from "./record.ts";

/**
 * Who generates forms from types writes of a field that can be left out that it can be null (pydantic does, and with it servers
 * in Python), which no form of the protocol can say, and the SDK refuses. A copy says only what else the field can be: one
 * without a value is left out of an answer anyway.
 */
export function withoutNull(form: JsonRecord): JsonRecord {
  const fields = Object.entries(recordOf(form["properties"]));
  const bared = fields.map(([name, field]) => [name, isRecord(field) ? bare(field) : field] as const);
  return isRecord(form["properties"]) ? { ...form, properties: Object.fromEntries(bared) } : form;
}

function bare(field: JsonRecord): JsonRecord {
  const other = recordOf(theOther(field["anyOf"], isNull));
  const merged: JsonRecord = { ...field, ...other, anyOf: other["anyOf"] };
  const type = theOther(merged["type"], (one) => one === "null") ?? merged["type"];
  const said = Object.entries({ ...merged, type }).filter(
    ([key, value]) => value !== undefined && !(key === "default" && value === null),
  );
  return Object.fromEntries(said);
}

const isNull = (schema: unknown): boolean => isRecord(schema) && schema["type"] === "null";

/** What is listed beside null; undefined where that is not exactly one. */
function theOther(all: unknown, isNothing: (one: unknown) => boolean): unknown {
  if (!Array.isArray(all)) return undefined;
  const others = all.filter((one) => !isNothing(one));
  return others.length === 1 && all.length === 2 ? others[0] : undefined;
}
