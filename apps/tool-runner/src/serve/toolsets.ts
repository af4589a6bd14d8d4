import { TERMINAL_TOOLSET, toolsTopic } from "@holdfast/protocol";
import type { Executor } from "./executor.ts";

/** Which executor runs the tools of which toolset: what the file says, as of the last reload that was valid. */
export class Toolsets {
  readonly #servers: Executor;
  readonly #byName = new Map<string, Executor>();

  /** `servers` runs the tools of every MCP server; the terminal is left out where the configuration has none. */
  constructor(terminal: Executor | undefined, servers: Executor, names: readonly string[]) {
    this.#servers = servers;
    if (terminal) this.#byName.set(TERMINAL_TOOLSET, terminal);
    this.replaceServers(names);
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  get topics(): string[] {
    return this.names.map(toolsTopic);
  }

  /** Also the servers' where there are none yet. */
  get executors(): readonly Executor[] {
    return [...new Set([...this.#byName.values(), this.#servers])];
  }

  executorOf(toolset: string): Executor | undefined {
    return this.#byName.get(toolset);
  }

  /** Answers the toolsets that are no more. */
  replaceServers(names: readonly string[]): string[] {
    const removed = this.names.filter((name) => this.#byName.get(name) === this.#servers && !names.includes(name));
    for (const name of removed) this.#byName.delete(name);
    for (const name of names) this.#byName.set(name, this.#servers);
    return removed;
  }
}
