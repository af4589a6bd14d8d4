import type { AgentConfig, HoldfastConfig } from "@holdfast/protocol";

/**
 * The agents this worker serves: what its file says, as of the last reload that was valid. A run keeps the configuration
 * that it was begun with here; whoever takes it over goes by their own.
 */
export class ServedAgents {
  #agents: HoldfastConfig["agents"];

  constructor(agents: HoldfastConfig["agents"]) {
    this.#agents = agents;
  }

  get names(): readonly string[] {
    return Object.keys(this.#agents);
  }

  find(name: string): AgentConfig | undefined {
    return Object.hasOwn(this.#agents, name) ? this.#agents[name] : undefined;
  }

  replace(agents: HoldfastConfig["agents"]): void {
    this.#agents = agents;
  }
}
