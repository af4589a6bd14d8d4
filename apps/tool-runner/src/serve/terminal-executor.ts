import { createHash } from "node:crypto";
import type { CatalogTool, CatalogToolset } from "@holdfast/bus";
import { TERMINAL_TOOLSET } from "@holdfast/protocol";
import type { Terminal } from "../terminal/terminal.ts";
import type { Execution, Executor, Outcome } from "./executor.ts";

/** The terminal as a toolset of one tool, `run`. */
export class TerminalExecutor implements Executor {
  readonly #terminal: Terminal;
  readonly #timeoutMs: number;

  constructor(terminal: Terminal, timeoutMs: number) {
    this.#terminal = terminal;
    this.#timeoutMs = timeoutMs;
  }

  toolsets(): CatalogToolset[] {
    const { isOffered, tier, minTier } = this.#terminal.status;
    if (!isOffered) {
      const error = `this machine cannot contain commands as required (tier ${tier ?? "none"}, wanted ${minTier})`;
      return [{ toolset: TERMINAL_TOOLSET, state: "failed", error, tools: [] }];
    }
    return [{ toolset: TERMINAL_TOOLSET, state: "ready", tier: tier ?? "none", tools: [this.#tool()] }];
  }

  async execute(execution: Execution): Promise<Outcome> {
    const { name, conversationId, callId, timeoutMs, signal, onOutput } = execution;
    if (name !== this.#terminal.describe().name) {
      const message = `The terminal has no tool "${name}".`;
      return {
        status: "failed",
        content: [{ type: "text", text: message }],
        error: { code: "unknown_tool", message },
        duration_ms: 0,
      };
    }
    const call = { conversationId, callId, arguments: execution.arguments, timeoutMs, signal, onOutput };
    const outcome = await this.#terminal.run(call);
    return { ...outcome, content: [...outcome.content] };
  }

  #tool(): CatalogTool {
    const { name, description, input_schema } = this.#terminal.describe();
    const definition = JSON.stringify([name, description, input_schema]);
    return {
      name: `${TERMINAL_TOOLSET}__${name}`,
      own_name: name,
      description,
      input_schema,
      timeout_ms: this.#timeoutMs,
      definition_sha256: createHash("sha256").update(definition).digest("hex"),
    };
  }
}
