import type { JournalCall } from "@holdfast/bus";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import type { ModelMessage, ModelRequest } from "./model-client.ts";

/** A request's context as Chat Completions wants it. `system` is the role every compatible server knows. */
export function chatMessages(request: ModelRequest): ChatCompletionMessageParam[] {
  return [{ role: "system", content: request.instructions }, ...request.messages.map(chatMessage)];
}

function chatMessage(message: ModelMessage): ChatCompletionMessageParam {
  if (message.role === "user") return { role: "user", content: message.content };
  if (message.role === "tool") return { role: "tool", tool_call_id: message.tool_call_id, content: message.content };
  if (message.calls.length === 0) return { role: "assistant", content: message.content };
  return { role: "assistant", content: message.content || null, tool_calls: message.calls.map(toolCall) };
}

function toolCall(call: JournalCall) {
  return {
    id: call.id,
    type: "function" as const,
    function: { name: call.name || "unknown", arguments: replayableArguments(call) },
  };
}

/** Some servers parse the arguments of earlier calls and refuse the whole request over one that is not JSON. */
export function replayableArguments(call: JournalCall): string {
  try {
    const parsed: unknown = JSON.parse(call.arguments);
    return typeof parsed === "object" && parsed !== null ? call.arguments : "{}";
  } catch {
    return "{}";
  }
}
