import type { ModelTool } from "@holdfast/model-wire";

/** The tool's own name, without the toolset that the worker puts before it: "get-sum" of "everything__get-sum". */
function ownName({ name }: ModelTool): string {
  const at = name.indexOf("__");
  return at === -1 ? name : name.slice(at + 2);
}

export function isTerminal({ name }: ModelTool): boolean {
  return name.toLowerCase().includes("terminal");
}

/** The first tool with one of these names, in full or its own, in the order of the names. */
export function findTool(tools: readonly ModelTool[], ...names: string[]): ModelTool | undefined {
  for (const name of names) {
    const found = tools.find((tool) => tool.name === name || ownName(tool) === name);
    if (found) return found;
  }
  return undefined;
}

interface ObjectSchema {
  properties?: Record<string, { type?: string | string[] } | undefined>;
  required?: string[];
}

export function schemaOf({ parameters }: ModelTool): ObjectSchema {
  return typeof parameters === "object" && parameters !== null ? parameters : {};
}

/** A strict schema requires every field, and null for what is left out; other schemas just leave it out. */
export function withNulls(tool: ModelTool, given: Record<string, unknown>): Record<string, unknown> {
  const { properties = {}, required = [] } = schemaOf(tool);
  const missing = required.filter((name) => !(name in given) && [properties[name]?.type ?? []].flat().includes("null"));
  return { ...given, ...Object.fromEntries(missing.map((name) => [name, null])) };
}
