import { setImmediate } from "node:timers/promises";
import { matchesGlob } from "@holdfast/protocol";
import type { Tool } from "@modelcontextprotocol/client";
import { sha256OfJson } from "./json-hash.ts";
import type { ResolvedServer } from "./config.ts";
import { messageOf } from "./error-text.ts";
import { compileSchema, type Validator } from "./json-schema.ts";
import { modelName } from "./model-name.ts";
import { visibleText, withVisibleText } from "./tool-text.ts";

/** A tool as it is offered to workers. */
export interface McpTool {
  /** Its own name in its server. */
  readonly name: string;
  /** What the model sees: `server__tool`, `^[a-zA-Z0-9_-]{1,64}$`, unique. */
  readonly model_name: string;
  readonly description: string;
  readonly input_schema: Record<string, unknown>;
  /** The server's hints, untrusted. */
  readonly annotations?: Record<string, unknown>;
  /** Over the definition as the server gave it: it changes when any part of it does. */
  readonly definition_sha256: string;
  readonly timeout_ms: number;
  /** Hints of a trusted server; absent otherwise. */
  readonly read_only?: boolean;
  readonly idempotent?: boolean;
}

export interface CatalogEntry {
  readonly tool: McpTool;
  readonly validateArguments: Validator;
  /** Absent where the tool promises no structured result. */
  readonly validateStructured?: Validator;
}

const SLICE_MS = 10;

/** The tools of one server by their own names. */
export type Catalog = ReadonlyMap<string, CatalogEntry>;

/**
 * What a server's tools become. A tool that cannot be used (a schema that does not compile, a name given twice) is left
 * out and reported; the others do not notice. Entries whose definition did not change are taken over from `previous`.
 * Schemas compile in short slices, so that a server with a thousand tools does not hold up the calls of the others.
 */
export async function buildCatalog(
  server: ResolvedServer,
  tools: readonly Tool[],
  previous: Catalog,
  onProblem: (problem: string) => void,
): Promise<Catalog> {
  const catalog = new Map<string, CatalogEntry>();
  const modelNames = new Set<string>();
  let sliceBegan = performance.now();
  for (const tool of tools) {
    if (performance.now() - sliceBegan > SLICE_MS) {
      await setImmediate();
      sliceBegan = performance.now();
    }
    if (!isAllowed(server, tool.name)) continue;
    const shown = JSON.stringify(tool.name);
    const seenByModel = modelName(server.toolset, tool.name);
    if (modelNames.has(seenByModel)) {
      onProblem(`tool ${shown} was dropped: another has the same name`);
      continue;
    }
    modelNames.add(seenByModel);
    try {
      catalog.set(tool.name, entryFor(server, tool, previous.get(tool.name)));
    } catch (error) {
      onProblem(`tool ${shown} was dropped: its schema cannot be used (${messageOf(error).slice(0, 200)})`);
    }
  }
  return catalog;
}

function entryFor(server: ResolvedServer, definition: Tool, previous: CatalogEntry | undefined): CatalogEntry {
  const { name, title, description, inputSchema, outputSchema, annotations } = definition;
  const hash = sha256OfJson({ name, title, description, inputSchema, outputSchema, annotations });
  if (previous?.tool.definition_sha256 === hash) return previous;
  const tool: McpTool = {
    name,
    model_name: modelName(server.toolset, name),
    description: visibleText(description ?? title ?? ""),
    input_schema: withVisibleText(inputSchema),
    ...(annotations !== undefined && { annotations: withVisibleText(annotations) }),
    definition_sha256: hash,
    timeout_ms: server.toolTimeoutMs,
    ...trustedHints(server, annotations),
  };
  return {
    tool,
    validateArguments: compileSchema(inputSchema),
    ...(outputSchema !== undefined && { validateStructured: compileSchema(outputSchema) }),
  };
}

function trustedHints(server: ResolvedServer, hints: Tool["annotations"]): Pick<McpTool, "read_only" | "idempotent"> {
  if (!server.isTrusted || hints === undefined) return {};
  const { readOnlyHint, idempotentHint } = hints;
  return {
    ...(readOnlyHint !== undefined && { read_only: readOnlyHint }),
    ...(idempotentHint !== undefined && { idempotent: idempotentHint }),
  };
}

function isAllowed({ allow, deny }: ResolvedServer, name: string): boolean {
  return allow.some((glob) => matchesGlob(glob, name)) && !deny.some((glob) => matchesGlob(glob, name));
}
