/** Why a model stopped, in the words of Chat Completions. */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
  /** Part of `outputTokens`. */
  reasoningTokens?: number;
  /** Part of `inputTokens`. */
  cachedTokens?: number;
}

/**
 * A model's reply as it comes into being, before any wire format: text and reasoning in pieces, tool calls (numbered from 0,
 * opened once, then their JSON arguments in pieces), and `finish` last. A reply that simply ends without `finish` is cut off.
 * `error` breaks a stream in the middle; `failed` is the same in Chat Completions and a failed response in Responses.
 */
export type ReplyPart =
  | { type: "text"; text: string }
  | { type: "reasoning"; text: string }
  | { type: "tool_call"; index: number; id: string; name: string }
  | { type: "tool_arguments"; index: number; text: string }
  | { type: "finish"; reason: FinishReason; usage: TokenUsage }
  | { type: "error"; message: string; code?: string }
  | { type: "failed"; message: string; code?: string };

/** What every object of one reply carries on the wire. */
export interface ReplyIdentity {
  /** Unique; "chatcmpl-" or "resp_" is put before it. */
  id: string;
  model: string;
  /** Seconds since 1970. */
  createdAt: number;
}

/** Turns the parts of one reply, in order, into the text of a server-sent event stream. */
export interface StreamEncoder {
  /** What goes out before the first part. */
  open(): string;
  encode(part: ReplyPart): string;
}
