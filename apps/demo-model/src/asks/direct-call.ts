import type { ModelTool } from "@holdfast/model-wire";
import type { Ask } from "./asks.ts";
import { findTool } from "./find-tool.ts";

/** `call files__read_file {"path": "a.txt"}`: an offered tool by its name, in full or without the toolset before "__". */
export function readDirectCall(text: string, tools: readonly ModelTool[]): Ask | undefined {
  const match = /^(?:call|use)\s+(?:the\s+tool\s+)?`?([\w-]+)`?\s*(?:with\s*)?(\{[^]*\})?[\s.]*$/i.exec(text);
  const name = match?.[1];
  if (name === undefined) return undefined;
  const isQualified = name.includes("__");
  if (!isQualified && findTool(tools, name) === undefined) return undefined;
  return { kind: "named", tool: name, arguments: readJsonObject(match?.[2]) };
}

function readJsonObject(json: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(json ?? "{}") as Record<string, unknown>;
  } catch {
    return {};
  }
}
