import type { Catalog } from "@holdfast/bus";
import { type ToolsetInfo, ToolList } from "@holdfast/protocol";
import { defineRoute, ok, type Route } from "../http/route.ts";

/** A toolset that holdfast.yaml names, whether or not anybody offers it now. */
export interface ConfiguredToolset {
  readonly name: string;
  readonly isEnabled: boolean;
}

export function toolRoutes(catalog: Catalog, configured: readonly ConfiguredToolset[]): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/v1/tools",
      operationId: "listTools",
      summary: "Every configured toolset with the tools it offers now, under the names the model sees",
      replies: { 200: { description: "All toolsets", schema: ToolList } },
      handle: async () => {
        const offers = (await catalog.read()).map(
          ({ toolset, state, error, tier, tier_reasons, tools }): ToolsetInfo => ({
            toolset,
            state,
            ...(error === undefined ? {} : { error }),
            ...(tier === undefined ? {} : { tier }),
            ...(tier_reasons === undefined ? {} : { tier_reasons }),
            tools: tools.map(({ name, description, input_schema }) => ({
              name,
              description,
              input_schema: input_schema as ToolsetInfo["tools"][number]["input_schema"],
            })),
          }),
        );
        const offered = new Set(offers.map(({ toolset }) => toolset));
        return ok({ data: [...offers, ...configured.filter(({ name }) => !offered.has(name)).map(withoutOffer)] });
      },
    }),
  ];
}

function withoutOffer({ name, isEnabled }: ConfiguredToolset): ToolsetInfo {
  if (!isEnabled) return { toolset: name, state: "disabled", tools: [] };
  return { toolset: name, state: "unavailable", error: "No tool-runner offers this toolset now.", tools: [] };
}
