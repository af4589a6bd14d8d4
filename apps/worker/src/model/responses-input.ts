import type { ResponseInputItem, ResponseReasoningItem } from "openai/resources/responses/responses";
import { replayableArguments } from "./chat-messages.ts";
import type { ModelMessage } from "./model-client.ts";

/** The order in which a response came: what it thought (encrypted), said, and called (by the call's place in the step). */
export type ResponsesItem =
  | { readonly type: "reasoning"; readonly item: ResponseReasoningItem }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "call"; readonly index: number };

/** What a step keeps of a response, so that the next call of the run shows the model its own thoughts again. */
export interface ResponsesMemory {
  readonly api: "responses";
  /** Encrypted thoughts are of no use to another model. */
  readonly model: string;
  readonly items: readonly ResponsesItem[];
}

export function responsesInput(messages: readonly ModelMessage[], model: string): ResponseInputItem[] {
  return messages.flatMap((message) => inputItems(message, model));
}

function inputItems(message: ModelMessage, model: string): ResponseInputItem[] {
  if (message.role === "user") return [{ role: "user", content: message.content }];
  if (message.role === "tool") {
    return [{ type: "function_call_output", call_id: message.tool_call_id, output: message.content }];
  }
  const items = isMemoryOf(message.provider, model) ? message.provider.items : plainItems(message);
  return items.flatMap((item): ResponseInputItem[] => {
    if (item.type === "reasoning") return [item.item];
    if (item.type === "text") return item.text === "" ? [] : [{ role: "assistant" as const, content: item.text }];
    const call = message.calls[item.index];
    if (call === undefined) return [];
    const name = call.name || "unknown";
    return [{ type: "function_call" as const, call_id: call.id, name, arguments: replayableArguments(call) }];
  });
}

function plainItems(message: Extract<ModelMessage, { role: "assistant" }>): ResponsesItem[] {
  return [
    { type: "text", text: message.content },
    ...message.calls.map((_, index) => ({ type: "call" as const, index })),
  ];
}

function isMemoryOf(provider: unknown, model: string): provider is ResponsesMemory {
  const memory = provider as Partial<ResponsesMemory> | undefined;
  return memory?.api === "responses" && memory.model === model && Array.isArray(memory.items);
}
