import { isRecord, isTooDeep, type JsonRecord } from "./record.ts";

/** Beyond this a definition is no help to a model and a burden on every request. */
const MAX_SCHEMA_CHARACTERS = 262_144;
const MAX_NAME_CHARACTERS = 256;
const HINTS = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] as const;

export type SanitisedTool =
  | { readonly tool: JsonRecord; readonly problem?: undefined }
  /** `name` only where it can be shown. */
  | { readonly problem: string; readonly name?: string };

/**
 * One tool of a `tools/list`, rebuilt from the parts that are well-formed. A tool without a usable name or input schema
 * is a problem; a bad description, title, output schema or hint is only left out.
 */
export function sanitiseTool(raw: unknown): SanitisedTool {
  if (!isRecord(raw)) return { problem: "it is no object" };
  const { name, title, description, inputSchema, outputSchema, annotations } = raw;
  if (typeof name !== "string" || name.trim() === "") return { problem: "it has no name" };
  if (name.length > MAX_NAME_CHARACTERS) return { problem: `its name has over ${MAX_NAME_CHARACTERS} characters` };
  const problem = inputSchemaProblem(inputSchema);
  if (problem !== undefined) return { problem, name: JSON.stringify(name) };
  return {
    tool: {
      name,
      ...(typeof title === "string" && { title }),
      ...(typeof description === "string" && { description }),
      inputSchema: { ...(inputSchema as JsonRecord), type: "object" },
      ...(isRecord(outputSchema) && isObjectSchema(outputSchema) && !isTooDeep(outputSchema) && { outputSchema }),
      ...(isRecord(annotations) && { annotations: sanitiseAnnotations(annotations) }),
    },
  };
}

function inputSchemaProblem(schema: unknown): string | undefined {
  if (!isRecord(schema)) return "its inputSchema is no object";
  if (schema["type"] !== undefined && !isObjectSchema(schema)) return "its inputSchema is not of type object";
  if (schema["properties"] !== undefined && !isRecord(schema["properties"])) return "its properties are no object";
  const { required } = schema;
  if (required !== undefined && !(Array.isArray(required) && required.every((key) => typeof key === "string"))) {
    return "its required is no list of names";
  }
  if (isTooDeep(schema)) return "its inputSchema is nested too deep";
  if (JSON.stringify(schema).length > MAX_SCHEMA_CHARACTERS) return "its inputSchema is too large";
  return undefined;
}

function isObjectSchema(schema: JsonRecord): boolean {
  return schema["type"] === "object";
}

function sanitiseAnnotations(annotations: JsonRecord): JsonRecord {
  const kept: Record<string, unknown> = {};
  for (const hint of HINTS) if (typeof annotations[hint] === "boolean") kept[hint] = annotations[hint];
  if (typeof annotations["title"] === "string") kept["title"] = annotations["title"];
  return kept;
}
