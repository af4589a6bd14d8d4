import type { FinishReason, ReplyIdentity, TokenUsage } from "./reply.ts";

export type ResponseStatus = "in_progress" | "completed" | "incomplete" | "failed";

export interface ResponseState {
  status: ResponseStatus;
  output: readonly object[];
  usage?: TokenUsage;
  incompleteReason?: "max_output_tokens" | "content_filter";
  error?: { code: string; message: string };
}

/** What a finish reason means in Responses: cut off is `incomplete`, everything else `completed`. */
export function finalState(reason: FinishReason, usage: TokenUsage, output: readonly object[]): ResponseState {
  if (reason === "length") return { status: "incomplete", incompleteReason: "max_output_tokens", output, usage };
  if (reason === "content_filter") return { status: "incomplete", incompleteReason: "content_filter", output, usage };
  return { status: "completed", output, usage };
}

/** The response object of the Responses API, with every field a client may read. */
export function responseObject({ id, createdAt, model }: ReplyIdentity, state: ResponseState): object {
  return {
    id: `resp_${id}`,
    object: "response",
    created_at: createdAt,
    status: state.status,
    background: false,
    error: state.error ?? null,
    incomplete_details: state.incompleteReason === undefined ? null : { reason: state.incompleteReason },
    instructions: null,
    max_output_tokens: null,
    model,
    output: state.output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage: state.usage === undefined ? null : responseUsage(state.usage),
    metadata: {},
  };
}

function responseUsage({ inputTokens, outputTokens, reasoningTokens = 0, cachedTokens = 0 }: TokenUsage): object {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
  };
}
