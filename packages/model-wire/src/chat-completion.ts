import { chatUsage } from "./chat-usage.ts";
import type { ReplyIdentity, ReplyPart } from "./reply.ts";

/**
 * The body of a Chat Completions answer that is not streamed. `parts` is a whole reply.
 * Throws when it does not end with `finish`.
 */
export function chatCompletion({ id, createdAt, model }: ReplyIdentity, parts: readonly ReplyPart[]): object {
  const finish = parts.at(-1);
  if (finish?.type !== "finish") throw new Error("a reply that is not finished has no chat completion");
  const toolCalls = collectToolCalls(parts);
  const text = joined(parts, "text");
  const reasoning = joined(parts, "reasoning");
  const message = {
    role: "assistant",
    content: text === "" && toolCalls.length > 0 ? null : text,
    refusal: null,
    annotations: [],
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
  };
  return {
    id: `chatcmpl-${id}`,
    object: "chat.completion",
    created: createdAt,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish.reason }],
    usage: chatUsage(finish.usage),
    service_tier: "default",
    system_fingerprint: null,
  };
}

function joined(parts: readonly ReplyPart[], type: "text" | "reasoning"): string {
  return parts.map((part) => (part.type === type ? part.text : "")).join("");
}

function collectToolCalls(parts: readonly ReplyPart[]): object[] {
  const calls: { id: string; type: "function"; function: { name: string; arguments: string } }[] = [];
  for (const part of parts) {
    if (part.type === "tool_call")
      calls[part.index] = { id: part.id, type: "function", function: { name: part.name, arguments: "" } };
    const call = part.type === "tool_arguments" ? calls[part.index] : undefined;
    if (call && part.type === "tool_arguments") call.function.arguments += part.text;
  }
  return calls;
}
