/**
 * What a test lets the model say. A reply is a plain text (cut into tokens), a list of pieces, or an object with pieces and
 * settings; or it is a failure. Pieces are sent as they are, one delta each, and may wait, break or hang in between.
 */
import type { FinishReason, TokenUsage } from "@holdfast/model-wire";
import type { Gate } from "./gate.ts";

export interface ScriptedToolCall {
  /** Default: "call_" and a random id, as OpenAI's. */
  id?: string;
  name: string;
  /** An object becomes JSON; a string is sent as it is, valid or not. */
  arguments: unknown;
  /** Into how many deltas the arguments are cut; default 3. */
  deltas?: number;
}

export type Piece =
  | string
  | { text: string; delayMs?: number }
  | { reasoning: string; delayMs?: number }
  /** One call. Several in one reply are parallel calls. */
  | { toolCall: ScriptedToolCall }
  /** Parallel calls whose argument deltas alternate, as some servers send them. Chat Completions only. */
  | { interleavedCalls: ScriptedToolCall[] }
  | { pauseMs: number }
  /** Nothing more until the test opens the gate. */
  | { waitFor: Gate }
  /** The connection breaks after what was said so far. */
  | { breakConnection: true }
  /** Nothing more, for ever, with the connection open. */
  | { hang: true }
  /** An error event in the middle of the stream; `failed` ends a response of the Responses API as failed instead. */
  | { error: string; code?: string; as?: "error" | "failed" };

export interface ScriptedAnswer {
  pieces: Iterable<Piece> | AsyncIterable<Piece>;
  /** Before every piece that has no delay of its own; default 0. */
  delayMs?: number;
  /** Default "tool_calls" if there were any, else "stop"; null ends the stream without a finish. */
  finishReason?: FinishReason | null;
  /** Default: counted. */
  usage?: TokenUsage;
  headers?: Record<string, string>;
}

export interface ScriptedHttpError {
  /** 400, 429, 500, … */
  status: number;
  message?: string;
  code?: string;
  type?: string;
  /** For example { "retry-after": "1" }. */
  headers?: Record<string, string>;
}

/** `hang`: the request is accepted and never answered. `breakConnection`: the connection breaks instead of an answer. */
export type ScriptedReply =
  | string
  | Piece[]
  | ScriptedAnswer
  | ScriptedHttpError
  | { hang: true }
  | { breakConnection: true };

/**
 * `count` words, each stamped with the call's number: "0.0 0.1 0.2 …" on the first call, "1.0 1.1 …" on the second. Text that
 * mixes two samples of a model, or repeats one, is seen at a glance.
 */
export function stampedWords(count: number, call: number): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? `${call}.${index}` : ` ${call}.${index}`));
}
