import type { HoldfastConfig } from "@holdfast/protocol";
import { TERMINAL_TOOLSET } from "@holdfast/protocol";
import type { ConfiguredToolset } from "./routes/tools.ts";

type File = Pick<HoldfastConfig, "agents" | "mcpServers" | "terminal">;

/**
 * What holdfast.yaml names, as of the last reload that was valid. The two collections stay the same objects, so whoever was
 * given one sees what changes.
 */
export class Configured {
  readonly #agents = new Set<string>();
  readonly #toolsets: ConfiguredToolset[] = [];

  constructor(file: File) {
    this.take(file);
  }

  get agents(): ReadonlySet<string> {
    return this.#agents;
  }

  get toolsets(): readonly ConfiguredToolset[] {
    return this.#toolsets;
  }

  take({ agents, mcpServers, terminal }: File): void {
    this.#agents.clear();
    for (const name of Object.keys(agents)) this.#agents.add(name);
    const servers = Object.entries(mcpServers).map(([name, server]) => ({ name, isEnabled: !server.disabled }));
    this.#toolsets.splice(0, Infinity, { name: TERMINAL_TOOLSET, isEnabled: terminal.enabled }, ...servers);
  }
}
