import { isRecord, type JsonRecord, recordOf } from "./record.ts";

/**
 * Who generates forms from types writes of a field that can be left out that it can be null (pydantic does, and with it servers
 * in Python), which no form of the protocol can say, and the SDK refuses. A copy says only what else the field can be: null is
 * said by leaving the field out. One that is required all the same, as pydantic has it without a default, must be filled in:
 * nobody can answer it with null, and a server that is told less than it requires would refuse the whole answer.
 */
export function withoutNull(form: JsonRecord): JsonRecord {
  const fields = Object.entries(recordOf(form["properties"]));
  const bared = fields.map(([name, field]) => [name, isRecord(field) ? bare(field) : field] as const);
  return isRecord(form["properties"]) ? { ...form, properties: Object.fromEntries(bared) } : form;
}

function bare(field: JsonRecord): JsonRecord {
  const merged = withoutNullChoice(withOnly(withOnly(field, "anyOf"), "oneOf"));
  const type = theOther(merged["type"], (one) => one === "null") ?? merged["type"];
  const said = Object.entries({ ...merged, type }).filter(
    ([key, value]) => value !== undefined && !(key === "default" && value === null),
  );
  return Object.fromEntries(said);
}

/** What stands beside null in a list of schemas is the field's own. */
function withOnly(field: JsonRecord, list: "anyOf" | "oneOf"): JsonRecord {
  const other = theOther(field[list], isNull);
  return isRecord(other) ? { ...field, [list]: undefined, ...other } : field;
}

function withoutNullChoice(field: JsonRecord): JsonRecord {
  const { enum: values, enumNames: names } = field;
  if (!Array.isArray(values) || !values.includes(null)) return field;
  const isLeft = (_: unknown, at: number) => values[at] !== null;
  return {
    ...field,
    enum: values.filter(isLeft),
    ...(Array.isArray(names) && names.length === values.length && { enumNames: names.filter(isLeft) }),
  };
}

const isNull = (schema: unknown): boolean => isRecord(schema) && schema["type"] === "null";

/** What is listed beside null; undefined where that is not exactly one. */
function theOther(all: unknown, isNothing: (one: unknown) => boolean): unknown {
  if (!Array.isArray(all)) return undefined;
  const others = all.filter((one) => !isNothing(one));
  return others.length === 1 && all.length === 2 ? others[0] : undefined;
}
