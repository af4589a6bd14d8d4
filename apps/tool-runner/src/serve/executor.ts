import type { CatalogToolset, ServerReport } from "@holdfast/bus";
import type { Ask } from "../mcp/asked-form.ts";
import type { ToolContent, ToolOutput, ToolResultStatus } from "@holdfast/protocol";

/** What a call ended with, before it is said whose it is. */
export interface Outcome {
  readonly status: ToolResultStatus;
  readonly content: ToolContent[];
  readonly structured?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  /** Null where a command did not exit by itself. */
  readonly exit_code?: number | null;
  readonly truncated?: boolean;
  readonly duration_ms: number;
}

/** Why a call may not be made. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** A tool as it would be run at this moment. */
export interface ToolToRun {
  readonly toolset: string;
  /** As the model sees it. */
  readonly name: string;
  readonly own_name: string;
  readonly definition_sha256: string;
  readonly read_only?: boolean;
  /** Why what would be executed is not what the arguments say, where a human could not have seen it. */
  readonly deviates?: string;
}

export interface Execution {
  readonly toolset: string;
  /** The tool's own name in its toolset. */
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly conversationId: string;
  readonly callId: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly trace: { readonly traceparent?: string; readonly tracestate?: string };
  /** To be asked with the tool as it is now, as late as can be. Where it answers a refusal, the call ends `denied`. */
  readonly authorize: (tool: ToolToRun) => Promise<Refusal | undefined>;
  /** Asks a human what whoever runs the tool wants to know. */
  readonly ask: Ask;
  readonly onOutput: (stream: ToolOutput["stream"], text: string) => void;
}

export interface CallToAdmit {
  readonly toolset: string;
  readonly conversationId: string;
  readonly timeoutMs: number;
}

/** Something that owns toolsets and runs their tools: the terminal, the MCP servers. */
export interface Executor {
  /** Offers of every toolset it owns, also of those that are not well. */
  toolsets(): CatalogToolset[];
  /** Where toolsets are servers: how they fare. */
  servers?(): ServerReport[];
  /**
   * Waits until the call may begin, and answers what is to be called when it has ended, or what it ends with where it may not
   * begin any more; rejects with the signal's reason. Left out where every call may begin at once.
   */
  admit?(call: CallToAdmit, signal: AbortSignal): Promise<(() => void) | Outcome>;
  /** True while no call of any conversation could begin: one that is taken now would wait here, and not on a runner that is free. */
  isFull?(toolset: string): boolean;
  /** Answers every expected ending; a rejection is a defect and ends the call `failed`. */
  execute(execution: Execution): Promise<Outcome>;
}
