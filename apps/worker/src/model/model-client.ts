import type { HistoryRecord, JournalCall } from "@holdfast/bus";
import type { Usage } from "@holdfast/protocol";

/** One message of the model's context; the instructions are not among them. */
export type ModelMessage = NonNullable<HistoryRecord["model"]>;

/** A tool as the model is told of it. */
export interface ModelTool {
  /** As the model calls it: `^[a-zA-Z0-9_-]{1,64}$`. */
  readonly name: string;
  readonly description: string;
  /** JSON schema of its arguments. */
  readonly input_schema: Readonly<Record<string, unknown>>;
}

export interface ModelRequest {
  readonly model: string;
  readonly instructions: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ModelTool[];
  readonly maxOutputTokens: number;
  readonly temperature?: number;
}

export type ModelFinishReason = "stop" | "length" | "content_filter" | "tool_calls";

/** How an answer ended. */
export interface ModelEnd {
  readonly finishReason: ModelFinishReason;
  /** Whole calls, in the order the model made them; ids may repeat or be empty where the server is careless. */
  readonly calls: readonly JournalCall[];
  /** Absent where the server counts nothing. */
  readonly usage?: Usage;
  /** What the same provider wants to see again on the next call of this run. */
  readonly provider?: unknown;
}

/** Who hears a model. Told, not asked: a token that had to be waited for would cost several times as much. */
export interface ModelListener {
  /** A piece of what it says, in order, in the tick in which it arrives; never empty. */
  hear(channel: "text" | "reasoning", text: string): void;
  /** Called after what arrived together. The model is not read on until the promise resolves; undefined: go on. */
  holdBack(): Promise<void> | undefined;
}

/** One model call, streamed. Throws ModelCallFailed for whatever goes wrong, and the signal's reason when it is aborted. */
export interface ModelClient {
  stream(request: ModelRequest, signal: AbortSignal, listener: ModelListener): Promise<ModelEnd>;
}
