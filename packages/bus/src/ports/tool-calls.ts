import type {
  ResultsPayload,
  ServerInfo,
  ToolCall,
  ToolOutput,
  ToolQuestion,
  ToolResult,
  ToolsetInfo,
} from "@holdfast/protocol";
import type { TraceContext } from "./entry.ts";

/** UUIDv5(run_id, "<step>/<index>"): the idempotency key of a call (protocol §2.7). */
export type CallId = string;

/** What the server of a call asks a human, as its tool-runner last said. What a failover has lost stands in neither list. */
export interface AskedByCall {
  readonly open: readonly ToolQuestion[];
  /** Ids of those that were answered or that it took back. */
  readonly over: readonly string[];
}

export type CallState =
  | { readonly state: "absent" }
  | {
      readonly state: "started";
      readonly runner: string;
      readonly runnerAlive: boolean;
      readonly questions: AskedByCall;
    }
  | { readonly state: "done"; readonly result: ToolResult }
  | { readonly state: "cancelled" };

/** The worker's side of tool calls. */
export interface ToolCalls {
  callId(runId: string, step: number, index: number): CallId;
  send(toolset: string, id: CallId, call: ToolCall, trace: TraceContext): Promise<void>;
  state(conversationId: string, id: CallId): Promise<CallState>;
  /** Tries absent → cancelled and answers the state that then holds. */
  giveUp(conversationId: string, id: CallId): Promise<CallState>;
  /** Whether a living tool-runner takes calls of this toolset. One that does not say what it serves may take any. */
  isServed(toolset: string): Promise<boolean>;
  /** Output, questions and results of the conversation from now on; resolves when nothing later can be missed. Call the answer to stop. */
  watch(conversationId: string, listener: (answer: ResultsPayload) => void): Promise<() => void>;
}

/** The tool-runner's side: the journal that makes a call run at most once. */
export interface ToolJournal {
  /** absent → started, before anything runs. Any other state is answered and nothing may run. */
  start(conversationId: string, id: CallId): Promise<CallState | { readonly state: "begun" }>;
  /** Changes nothing. */
  state(conversationId: string, id: CallId): Promise<CallState>;
  output(conversationId: string, output: ToolOutput): Promise<void>;
  /** Follows from the call: the nth question of its server. */
  questionId(id: CallId, n: number): string;
  /** All that the server of a call that runs has asked; `asked` is the new one, if there is one. A call that does not run asks nothing. */
  questions(
    conversationId: string,
    id: CallId,
    questions: AskedByCall,
    asked?: ToolQuestion,
  ): Promise<"told" | "ended">;
  /** started → done and the result in `results:<conversation_id>`, in one script. A call already done answers its first result again. */
  finish(conversationId: string, id: CallId, result: ToolResult): Promise<void>;
}

/** A tool as the catalog offers it to workers. `name` is the model's name for it, `own_name` its name in its toolset. */
export interface CatalogTool {
  readonly name: string;
  readonly own_name: string;
  readonly description: string;
  readonly input_schema: Record<string, unknown>;
  readonly timeout_ms: number;
  readonly definition_sha256: string;
  /** Set only by trusted servers. */
  readonly read_only?: boolean;
  readonly idempotent?: boolean;
}
export interface CatalogToolset extends Omit<ToolsetInfo, "tools"> {
  readonly toolset: string;
  readonly state: string;
  readonly error?: string;
  readonly tier?: string;
  readonly tier_reasons?: Record<string, string>;
  readonly tools: readonly CatalogTool[];
}

/** How this process's server of a toolset fares. */
export interface ServerReport extends Omit<ServerInfo, "runner"> {
  readonly toolset: string;
}

/** What tool-runners offer. An offer expires when its runner stops refreshing it. */
export interface Catalog {
  /** This process's offers; other runners' of the same toolsets stand beside them. */
  publish(toolsets: readonly CatalogToolset[], ttlMs: number): Promise<void>;
  /** Of each toolset the best offer: a runner that has it ready comes before one that starts it or fails to. */
  read(): Promise<readonly CatalogToolset[]>;
  /** Replaces this process's reports. Apart from the offers, which are only those the same as long as they say the same. */
  report(servers: readonly ServerReport[]): Promise<void>;
  /** The reports of living tool-runners on a toolset, by runner. */
  reports(toolset: string): Promise<readonly ServerInfo[]>;
}
