import type { Catalog, CatalogToolset, Control } from "@holdfast/bus";
import { RestartAccepted, TERMINAL_TOOLSET, ToolList, type ToolsetInfo } from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, ok, refuse, type Route } from "../http/route.ts";

/** A toolset that holdfast.yaml names, whether or not anybody offers it now. */
export interface ConfiguredToolset {
  readonly name: string;
  readonly isEnabled: boolean;
}

export interface ToolDeps {
  readonly catalog: Catalog;
  readonly configured: readonly ConfiguredToolset[];
  readonly agents: ReadonlySet<string>;
  readonly control: Control;
}

export function toolRoutes({ catalog, configured, agents, control }: ToolDeps): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/v1/tools",
      operationId: "listTools",
      summary: "Every configured toolset with the tools it offers now, under the names the model sees",
      replies: { 200: { description: "All toolsets", schema: ToolList } },
      handle: async () => {
        const offered = await Promise.all((await catalog.read()).map((offer) => describe(offer, catalog)));
        const names = new Set(offered.map(({ toolset }) => toolset));
        return ok({ data: [...offered, ...configured.filter(({ name }) => !names.has(name)).map(withoutOffer)] });
      },
    }),
    defineRoute({
      method: "post",
      path: "/v1/tools/:toolset/restart",
      operationId: "restartToolset",
      summary:
        "Have every tool-runner end its process of an MCP server and start it again; its calls in flight end unknown",
      params: z.object({ toolset: z.string() }),
      replies: { 202: { description: "The tool-runners are told", schema: RestartAccepted } },
      errors: ["toolset_not_found"],
      handle: async ({ params: { toolset } }) => {
        const isServer = configured.some(({ name, isEnabled }) => isEnabled && name === toolset);
        const [agent] = agents;
        if (!isServer || toolset === TERMINAL_TOOLSET || agent === undefined) {
          return refuse("toolset_not_found", "No MCP server that is in use has this name.");
        }
        // Tool-runners hear the commands of all agents; which one it is makes no difference.
        await control.send(agent, { type: "restart", toolset, by: "user:operator" });
        return { status: 202, body: { toolset } };
      },
    }),
  ];
}

async function describe(offer: CatalogToolset, catalog: Catalog): Promise<ToolsetInfo> {
  const { toolset, state, error, tier, tier_reasons, tools } = offer;
  const servers = await catalog.reports(toolset);
  return {
    toolset,
    state,
    ...(error === undefined ? {} : { error }),
    ...(tier === undefined ? {} : { tier }),
    ...(tier_reasons === undefined ? {} : { tier_reasons }),
    ...(servers.length === 0 ? {} : { servers: [...servers] }),
    tools: tools.map(({ name, description, input_schema }) => ({
      name,
      description,
      input_schema: input_schema as ToolsetInfo["tools"][number]["input_schema"],
    })),
  };
}

function withoutOffer({ name, isEnabled }: ConfiguredToolset): ToolsetInfo {
  if (!isEnabled) return { toolset: name, state: "disabled", tools: [] };
  return { toolset: name, state: "unavailable", error: "No tool-runner offers this toolset now.", tools: [] };
}
