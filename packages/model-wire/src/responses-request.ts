import { z } from "zod";
import { ContentText } from "./content-text.ts";
import {
  badRequest,
  unansweredToolCall,
  type ModelMessage,
  type ModelTool,
  type ReadRequest,
} from "./model-request.ts";
import { requestProblem } from "./request-problem.ts";

const MessageItem = z.looseObject({
  type: z.literal("message").optional(),
  role: z.enum(["system", "developer", "user", "assistant"]),
  content: ContentText,
});
const CallItem = z.looseObject({
  type: z.literal("function_call"),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string(),
});
const OutputItem = z.looseObject({ type: z.literal("function_call_output"), call_id: z.string(), output: ContentText });
/** Items without meaning for a model that only reads text; accepted, not read. */
const SilentItem = z.looseObject({ type: z.enum(["reasoning", "item_reference"]) });

const Tool = z.looseObject({
  type: z.string(),
  name: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional(),
  description: z.string().nullish(),
  parameters: z.unknown(),
});

const ResponsesBody = z.looseObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(z.discriminatedUnion("type", [MessageItem, CallItem, OutputItem, SilentItem]))]),
  instructions: z.string().nullish(),
  tools: z.array(Tool).optional(),
  stream: z.boolean().nullish(),
  max_output_tokens: z.int().positive().nullish(),
});

/** Reads the body of POST /v1/responses. */
export function readResponsesRequest(body: unknown): ReadRequest {
  const parsed = ResponsesBody.safeParse(body);
  if (!parsed.success) return requestProblem(parsed.error);
  const { data } = parsed;
  const messages: ModelMessage[] = data.instructions ? [{ role: "system", text: data.instructions }] : [];
  if (typeof data.input === "string") messages.push({ role: "user", text: data.input });
  else for (const item of data.input) addItem(messages, item);
  const problem = unansweredToolCall(messages);
  if (problem !== undefined) return badRequest(problem, "input");
  return {
    ok: true,
    request: {
      api: "responses",
      model: data.model,
      isStreamed: data.stream === true,
      includeUsage: true,
      maxOutputTokens: data.max_output_tokens ?? undefined,
      messages,
      tools: (data.tools ?? []).flatMap(readTool),
    },
  };
}

type InputItem = Exclude<z.output<typeof ResponsesBody>["input"], string>[number];

function addItem(messages: ModelMessage[], item: InputItem): void {
  if (item.type === "function_call") addCall(messages, item);
  else if (item.type === "function_call_output")
    messages.push({ role: "tool", callId: item.call_id, text: item.output });
  else if ("role" in item) messages.push(readMessage(item as z.output<typeof MessageItem>));
}

/** A call is an item of its own here; it belongs to the assistant's message before it, together with its neighbours. */
function addCall(messages: ModelMessage[], item: z.output<typeof CallItem>): void {
  const call = { id: item.call_id, name: item.name, arguments: item.arguments };
  const last = messages.at(-1);
  if (last?.role === "assistant") last.toolCalls.push(call);
  else messages.push({ role: "assistant", text: "", toolCalls: [call] });
}

function readMessage({ role, content }: z.output<typeof MessageItem>): ModelMessage {
  if (role === "assistant") return { role, text: content, toolCalls: [] };
  return { role: role === "user" ? "user" : "system", text: content };
}

function readTool({ type, name, description, parameters }: z.output<typeof Tool>): ModelTool[] {
  return type === "function" && name !== undefined ? [{ name, description: description ?? "", parameters }] : [];
}
