import { createHash } from "node:crypto";
import type { CatalogTool, CatalogToolset } from "@holdfast/bus";
import { canonicalJson, TERMINAL_TOOLSET } from "@holdfast/protocol";
import { Admission, type AdmissionLimits, DEFAULT_ADMISSION } from "../terminal/admission.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { CallToAdmit, Execution, Executor, Outcome, Refusal } from "./executor.ts";

/** The terminal as a toolset of one tool, `run`. */
export class TerminalExecutor implements Executor {
  readonly #terminal: Terminal;
  readonly #timeoutMs: number;
  readonly #admission: Admission;

  constructor(terminal: Terminal, timeoutMs: number, limits: AdmissionLimits = DEFAULT_ADMISSION) {
    this.#admission = new Admission(limits);
    this.#terminal = terminal;
    this.#timeoutMs = timeoutMs;
  }

  toolsets(): CatalogToolset[] {
    const { isOffered, tier, minTier, reasons } = this.#terminal.status;
    if (!isOffered) {
      const error = `this machine cannot contain commands as required (tier ${tier ?? "none"}, wanted ${minTier})`;
      return [{ toolset: TERMINAL_TOOLSET, state: "failed", error, tier_reasons: { ...reasons }, tools: [] }];
    }
    return [
      {
        toolset: TERMINAL_TOOLSET,
        state: "ready",
        tier: tier ?? "none",
        tier_reasons: { ...reasons },
        tools: [this.#tool()],
      },
    ];
  }

  async admit({ conversationId }: CallToAdmit, signal: AbortSignal): Promise<() => void> {
    return await this.#admission.enter(conversationId, signal);
  }

  isFull(): boolean {
    return this.#admission.isFull;
  }

  async execute(execution: Execution): Promise<Outcome> {
    const { name, conversationId, callId, timeoutMs, signal, onOutput } = execution;
    if (name !== this.#terminal.describe().name) {
      return ended("failed", "unknown_tool", `The terminal has no tool "${name}".`);
    }
    const refused = await this.#authorize(execution);
    if (refused) return ended("denied", refused.code, refused.message);
    const call = { conversationId, callId, arguments: execution.arguments, timeoutMs, signal, onOutput };
    const outcome = await this.#terminal.run(call);
    return { ...outcome, content: [...outcome.content] };
  }

  async #authorize({ conversationId, arguments: args, authorize }: Execution): Promise<Refusal | undefined> {
    const { name, own_name, definition_sha256 } = this.#tool();
    const tool = { toolset: TERMINAL_TOOLSET, name, own_name, definition_sha256 };
    const deviates = await this.#terminal.deviation({ conversationId, arguments: args });
    return authorize(deviates === undefined ? tool : { ...tool, deviates });
  }

  #tool(): CatalogTool {
    const { name, description, input_schema } = this.#terminal.describe();
    // With the policy in it, an approval is for the programs and limits that a human could have looked up. The description is
    // not in it: it names what is installed here, and another host may take the call.
    const definition = canonicalJson({ name, input_schema, policy: this.#terminal.policy });
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

function ended(status: "failed" | "denied", code: string, message: string): Outcome {
  return { status, content: [{ type: "text", text: message }], error: { code, message }, duration_ms: 0 };
}
