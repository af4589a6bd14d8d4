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

const ToolCall = z.looseObject({
  id: z.string(),
  type: z.literal("function"),
  function: z.looseObject({ name: z.string(), arguments: z.string() }),
});

const Message = z.discriminatedUnion("role", [
  z.looseObject({ role: z.enum(["system", "developer", "user"]), content: ContentText }),
  z.looseObject({
    role: z.literal("assistant"),
    content: ContentText.nullish(),
    tool_calls: z.array(ToolCall).min(1).optional(),
  }),
  z.looseObject({ role: z.literal("tool"), tool_call_id: z.string(), content: ContentText }),
]);

const Tool = z.looseObject({
  type: z.string(),
  function: z
    .looseObject({
      name: z.string().regex(/^[\w-]{1,64}$/),
      description: z.string().optional(),
      parameters: z.unknown(),
    })
    .optional(),
});

const ChatBody = z.looseObject({
  model: z.string().min(1),
  messages: z.array(Message).min(1),
  tools: z.array(Tool).min(1).optional(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  max_completion_tokens: z.int().positive().nullish(),
  max_tokens: z.int().positive().nullish(),
});

/** Reads the body of POST /v1/chat/completions. */
export function readChatRequest(body: unknown): ReadRequest {
  const parsed = ChatBody.safeParse(body);
  if (!parsed.success) return requestProblem(parsed.error);
  const { data } = parsed;
  const messages = data.messages.map(readMessage);
  const problem = unansweredToolCall(messages);
  if (problem !== undefined) return badRequest(problem, "messages");
  return {
    ok: true,
    request: {
      api: "chat",
      model: data.model,
      isStreamed: data.stream === true,
      includeUsage: data.stream_options?.include_usage === true,
      maxOutputTokens: data.max_completion_tokens ?? data.max_tokens ?? undefined,
      messages,
      tools: (data.tools ?? []).flatMap(readTool),
    },
  };
}

function readMessage(message: z.output<typeof Message>): ModelMessage {
  switch (message.role) {
    case "tool":
      return { role: "tool", callId: message.tool_call_id, text: message.content };
    case "assistant": {
      const toolCalls = (message.tool_calls ?? []).map((call) => ({ id: call.id, ...call.function }));
      return {
        role: "assistant",
        text: message.content ?? "",
        toolCalls: toolCalls.map(({ id, name, arguments: json }) => ({ id, name, arguments: json })),
      };
    }
    case "user":
      return { role: "user", text: message.content };
    default:
      return { role: "system", text: message.content };
  }
}

function readTool(tool: z.output<typeof Tool>): ModelTool[] {
  if (tool.function === undefined) return [];
  const { name, description = "", parameters } = tool.function;
  return [{ name, description, parameters }];
}
