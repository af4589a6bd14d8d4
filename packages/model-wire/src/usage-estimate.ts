import type { ModelMessage, ModelRequest } from "./model-request.ts";
import type { ReplyPart, TokenUsage } from "./reply.ts";
import { countTokens } from "./token-count.ts";

/** Counts what a request and a reply would cost: the text of every message and tool, and of every part. */
export function usageOf(request: ModelRequest, parts: readonly ReplyPart[]): TokenUsage {
  const prompt = [...request.messages.map(messageText), ...request.tools.map((tool) => JSON.stringify(tool))];
  const inputTokens = prompt.reduce((sum, text) => sum + countTokens(text), 0);
  let outputTokens = 0;
  let reasoningTokens = 0;
  for (const part of parts) {
    if (part.type === "tool_call") outputTokens += countTokens(part.name);
    if (part.type !== "text" && part.type !== "reasoning" && part.type !== "tool_arguments") continue;
    const tokens = countTokens(part.text);
    outputTokens += tokens;
    if (part.type === "reasoning") reasoningTokens += tokens;
  }
  return { inputTokens, outputTokens, reasoningTokens };
}

function messageText(message: ModelMessage): string {
  if (message.role !== "assistant") return message.text;
  return message.text + message.toolCalls.map((call) => call.name + call.arguments).join("");
}
