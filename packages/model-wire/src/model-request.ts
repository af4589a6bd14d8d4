import type { ApiError } from "./api-error.ts";

export interface ModelToolCall {
  id: string;
  name: string;
  /** JSON as the model wrote it. */
  arguments: string;
}

/** One message of the context, the same for both APIs. `system` also stands for `developer` and for `instructions`. */
export type ModelMessage =
  | { role: "system" | "user"; text: string }
  | { role: "assistant"; text: string; toolCalls: ModelToolCall[] }
  | { role: "tool"; callId: string; text: string };

export interface ModelTool {
  name: string;
  description: string;
  /** JSON schema of the arguments. */
  parameters: unknown;
}

/** A request to the model, read from either API. */
export interface ModelRequest {
  api: "chat" | "responses";
  model: string;
  isStreamed: boolean;
  /** Chat Completions only sends usage with a stream when asked to. */
  includeUsage: boolean;
  maxOutputTokens: number | undefined;
  messages: ModelMessage[];
  tools: ModelTool[];
}

export type ReadRequest = { ok: true; request: ModelRequest } | { ok: false; error: ApiError };

export function badRequest(message: string, param: string | null = null, code: string | null = null): ReadRequest {
  return { ok: false, error: { status: 400, message, param, code } };
}

/**
 * Holds a context against the rule both APIs enforce: every tool call is answered by exactly one tool message before anything
 * else follows, and a tool message answers a call that was made. Undefined when it holds.
 */
export function unansweredToolCall(messages: readonly ModelMessage[]): string | undefined {
  let open = new Set<string>();
  for (const message of messages) {
    if (message.role === "tool") {
      if (!open.delete(message.callId))
        return `messages with role 'tool' must be a response to a preceding message with 'tool_calls': no open call has the id ${message.callId}`;
      continue;
    }
    const [missing] = open;
    if (missing !== undefined) return notAnswered(missing);
    open = new Set(message.role === "assistant" ? message.toolCalls.map((call) => call.id) : []);
  }
  const [missing] = open;
  return missing === undefined ? undefined : notAnswered(missing);
}

function notAnswered(callId: string): string {
  return `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${callId}`;
}
