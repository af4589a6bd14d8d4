import type { CatalogTool, CatalogToolset } from "@holdfast/bus";
import { matchesGlob } from "@holdfast/protocol";
import type { ModelTool } from "../model/model-client.ts";

export interface OfferedTool {
  readonly toolset: string;
  readonly tool: CatalogTool;
}

/** Toolsets in these states would only answer with errors: the model is better off not knowing their tools. */
const UNUSABLE = new Set(["failed", "disabled", "auth_required"]);

/** The tools one agent may use, at one moment. */
export class Toolbox {
  readonly #byName: ReadonlyMap<string, OfferedTool>;

  /** `patterns` name toolsets or tools, with `*` for any text; what one that begins with `!` names is left out, whatever else names it. */
  constructor(catalog: readonly CatalogToolset[], patterns: readonly string[]) {
    const { allowed, denied } = sides(patterns);
    const isOffered = ({ toolset, tool }: OfferedTool) => {
      const matches = (pattern: string) => matchesGlob(pattern, toolset) || matchesGlob(pattern, tool.name);
      return allowed.some(matches) && !denied.some(matches);
    };
    const all = catalog
      .filter(({ state }) => !UNUSABLE.has(state))
      .flatMap(({ toolset, tools }) => tools.map((tool) => ({ toolset, tool })));
    this.#byName = new Map(all.filter(isOffered).map((offered) => [offered.tool.name, offered]));
  }

  get modelTools(): readonly ModelTool[] {
    return [...this.#byName.values()].map(({ tool: { name, description, input_schema } }) => ({
      name,
      description,
      input_schema,
    }));
  }

  /** By exact name; models also call a toolset by its own name, which is clear where it has one tool. */
  resolve(name: string): OfferedTool | undefined {
    const exact = this.#byName.get(name);
    if (exact) return exact;
    const ofToolset = [...this.#byName.values()].filter(({ toolset }) => toolset === name);
    return ofToolset.length === 1 ? ofToolset[0] : undefined;
  }
}

function sides(patterns: readonly string[]): { allowed: string[]; denied: string[] } {
  const denied = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
  return { allowed: patterns.filter((pattern) => !pattern.startsWith("!")), denied };
}

/** True where tools of this toolset, whatever they are, may be among the agent's. */
export function mayOffer(patterns: readonly string[], toolset: string): boolean {
  const { allowed, denied } = sides(patterns);
  if (denied.some((pattern) => matchesGlob(pattern, toolset))) return false;
  return allowed.some((pattern) => {
    const ofToolset = pattern.startsWith(`${toolset}__`) || pattern.startsWith("*");
    return ofToolset || matchesGlob(pattern, toolset);
  });
}
