import type { ModelMessage, ModelRequest } from "./model-request.ts";
import type { ReplyPart, TokenUsage } from "./reply.ts";
import { countTokens } from "./token-count.ts";

/** Counts what a request costs: the text of every message and the definition of every tool. */
export function inputTokens({ messages, tools }: ModelRequest): number {
  const texts = [...messages.map(messageText), ...tools.map((tool) => JSON.stringify(tool))];
  return texts.reduce((sum, text) => sum + countTokens(text), 0);
}

/** Counts what a request and a whole reply cost. */
export function usageOf(request: ModelRequest, parts: readonly ReplyPart[]): TokenUsage {
  let outputTokens = 0;
  let reasoningTokens = 0;
  for (const part of parts) {
    if (part.type === "tool_call") outputTokens += countTokens(part.name);
    if (part.type !== "text" && part.type !== "reasoning" && part.type !== "tool_arguments") continue;
    const tokens = countTokens(part.text);
    outputTokens += tokens;
    if (part.type === "reasoning") reasoningTokens += tokens;
  }
  return { inputTokens: inputTokens(request), outputTokens, reasoningTokens };
}

function messageText(message: ModelMessage): string {
  if (message.role !== "assistant") return message.text;
  return message.text + message.toolCalls.map((call) => call.name + call.arguments).join("");
}
