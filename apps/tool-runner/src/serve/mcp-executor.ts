import type { CatalogToolset, ServerReport } from "@holdfast/bus";
import type { McpHost } from "../mcp/host.ts";
import type { ToolOutcome } from "../mcp/result.ts";
import type { CallToAdmit, Execution, Executor, Outcome } from "./executor.ts";
import { ProgressOutput } from "./progress-output.ts";

/** Every configured MCP server as a toolset. */
export class McpExecutor implements Executor {
  readonly #host: McpHost;

  constructor(host: McpHost) {
    this.#host = host;
  }

  toolsets(): CatalogToolset[] {
    return this.#host.toolsets().map(({ toolset, state, error, tools }) => ({
      toolset,
      state,
      ...(error === undefined ? {} : { error }),
      tools: tools.map(
        ({ name, model_name, description, input_schema, timeout_ms, definition_sha256, read_only, idempotent }) => ({
          name: model_name,
          own_name: name,
          description,
          input_schema,
          timeout_ms,
          definition_sha256,
          ...(read_only === undefined ? {} : { read_only }),
          ...(idempotent === undefined ? {} : { idempotent }),
        }),
      ),
    }));
  }

  servers(): ServerReport[] {
    return this.#host.toolsets().flatMap(({ toolset, state, error, tools, health }): ServerReport[] => {
      if (health === undefined) return [];
      return [{ toolset, state, ...(error === undefined ? {} : { error }), ...health, tools: tools.length }];
    });
  }

  async admit({ toolset, timeoutMs }: CallToAdmit, signal: AbortSignal): Promise<(() => void) | Outcome> {
    const admitted = await this.#host.admit(toolset, timeoutMs, signal);
    return typeof admitted === "function" ? admitted : withContent(admitted);
  }

  isFull(toolset: string): boolean {
    return this.#host.isCrowded(toolset);
  }

  async execute({ toolset, name, timeoutMs, signal, trace, onOutput, ...execution }: Execution): Promise<Outcome> {
    const progress = new ProgressOutput(onOutput);
    try {
      const outcome = await this.#host.call({
        toolset,
        name,
        arguments: execution.arguments,
        timeoutMs,
        signal,
        ...trace,
        authorize: async (tool) => {
          const { name: own_name, model_name, definition_sha256, read_only } = tool;
          const shown = { toolset, name: model_name, own_name, definition_sha256 };
          return execution.authorize(read_only === undefined ? shown : { ...shown, read_only });
        },
        ask: execution.ask,
        onProgress: ({ message }) => progress.add(message),
      });
      return withContent(outcome);
    } finally {
      progress.finish();
    }
  }
}

function withContent(outcome: ToolOutcome): Outcome {
  return { ...outcome, content: outcome.content.map((item) => ({ ...item })) };
}
