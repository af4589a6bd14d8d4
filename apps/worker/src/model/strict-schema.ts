/**
 * OpenAI's strict mode makes a model's arguments follow the schema, but only for a part of JSON schema: every object closed,
 * every property required, a handful of keywords. A schema is offered strict only where that says the same as before: a
 * closed object stays closed, and one that is silent on further properties is closed, since the model can only know those
 * it is told of. An optional property, or a keyword strict mode does not promise to honour, and the schema goes out as it is, not strict.
 */
type Schema = Readonly<Record<string, unknown>>;

const SILENT = new Set(["$schema", "$id", "$comment", "examples"]);
const PLAIN = new Set(["type", "description", "title", "enum", "const", "required", "additionalProperties", "$ref"]);
const MAX_DEPTH = 5;
const MAX_PROPERTIES = 100;

/** The strict form of a tool's input schema; undefined where there is none that means the same. */
export function strictSchema(schema: Schema): Schema | undefined {
  if (schema["type"] !== "object" || typeof schema["properties"] !== "object") return undefined;
  const budget = { properties: MAX_PROPERTIES };
  return convert(schema, 0, budget);
}

function convert(schema: unknown, depth: number, budget: { properties: number }): Schema | undefined {
  if (!isSchema(schema) || depth > MAX_DEPTH || !isTyped(schema)) return undefined;
  const strict: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (SILENT.has(keyword)) continue;
    const converted = convertKeyword(keyword, value, depth, budget);
    if (converted === undefined) return undefined;
    strict[keyword] = converted;
  }
  return schema["type"] === "object" ? closeObject(strict) : strict;
}

function convertKeyword(keyword: string, value: unknown, depth: number, budget: { properties: number }): unknown {
  if (PLAIN.has(keyword)) return value;
  if (keyword === "items") return convert(value, depth + 1, budget);
  if (keyword === "anyOf" && depth > 0 && Array.isArray(value)) return convertAll(value, depth, budget);
  if (keyword === "properties" || keyword === "$defs" || keyword === "definitions") {
    if (!isSchema(value)) return undefined;
    budget.properties -= Object.keys(value).length;
    if (budget.properties < 0) return undefined;
    const converted = convertAll(Object.values(value), depth, budget);
    return converted && Object.fromEntries(Object.keys(value).map((name, at) => [name, converted[at]]));
  }
  return undefined;
}

function convertAll(schemas: readonly unknown[], depth: number, budget: { properties: number }): Schema[] | undefined {
  const converted = schemas.map((schema) => convert(schema, depth + 1, budget));
  return converted.every((schema) => schema !== undefined) ? converted : undefined;
}

/** Every schema must say what it allows: `{}` (anything) has no strict form, nor has a map of any keys. */
function isTyped(schema: Schema): boolean {
  if (Array.isArray(schema["type"]) && schema["type"].some((type) => type === "object" || type === "array"))
    return false;
  if (schema["type"] === "array") return schema["items"] !== undefined;
  if (schema["type"] === "object") return isSchema(schema["properties"]);
  return ["type", "enum", "const", "anyOf", "$ref"].some((keyword) => keyword in schema);
}

function closeObject(schema: Record<string, unknown>): Schema | undefined {
  if ((schema["additionalProperties"] ?? false) !== false) return undefined;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const names = Object.keys(schema["properties"] as Schema);
  if (required.length !== names.length || names.some((name) => !required.includes(name))) return undefined;
  return { ...schema, required: names, additionalProperties: false };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
