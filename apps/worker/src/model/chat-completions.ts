import type { Usage } from "@holdfast/protocol";
import type OpenAI from "openai";
import type { ChatCompletionChunk, ChatCompletionCreateParamsStreaming } from "openai/resources/chat/completions";
import { CallAssembly } from "./call-assembly.ts";
import { chatMessages } from "./chat-messages.ts";
import { type Dialect, Dialects, type OptionalField, openInDialect } from "./dialect.ts";
import type { ModelClient, ModelEnd, ModelFinishReason, ModelListener, ModelRequest } from "./model-client.ts";
import { ModelCallFailed } from "./model-call-failed.ts";
import { readStream } from "./streaming-call.ts";
import { strictSchema } from "./strict-schema.ts";

/**
 * Chat Completions, OpenAI's own and any compatible server's. What those leave out or do otherwise is made good here:
 * reasoning under two names, refusals, calls without ids or numbers, usage in every chunk or in none.
 */
export class ChatCompletionsClient implements ModelClient {
  readonly #openai: OpenAI;
  readonly #idleMs: number;
  readonly #prefersMaxCompletionTokens: boolean;
  readonly #dialects = new Dialects();

  constructor(openai: OpenAI, options: { idleMs: number; isOpenAi: boolean }) {
    this.#openai = openai;
    this.#idleMs = options.idleMs;
    this.#prefersMaxCompletionTokens = options.isOpenAi;
  }

  async stream(request: ModelRequest, signal: AbortSignal, listener: ModelListener): Promise<ModelEnd> {
    const answer = new ChatAnswer(listener);
    const dialect = this.#dialects.of(request.model);
    await readStream<ChatCompletionChunk>({
      open: (abort) =>
        openInDialect(
          dialect,
          () => this.#body(request, dialect),
          (body) => this.#openai.chat.completions.create(body, { signal: abort }).asResponse(),
        ),
      read: (chunk) => answer.read(chunk),
      holdBack: () => listener.holdBack(),
      isWhole: () => answer.isWhole,
      signal,
      idleMs: this.#idleMs,
    });
    return answer.end();
  }

  #body(request: ModelRequest, dialect: Dialect): { body: ChatCompletionCreateParamsStreaming; sent: OptionalField[] } {
    const limit = this.#limitField(dialect);
    const isStrict = dialect.takes("strict");
    const optional = {
      ...(limit ? { [limit]: request.maxOutputTokens } : {}),
      ...(dialect.takes("stream_options") ? { stream_options: { include_usage: true } } : {}),
      ...(request.temperature !== undefined && dialect.takes("temperature")
        ? { temperature: request.temperature }
        : {}),
      ...(request.tools.length > 0 && dialect.takes("parallel_tool_calls") ? { parallel_tool_calls: true } : {}),
    };
    const tools = request.tools.map(({ name, description, input_schema }) => {
      const strict = isStrict ? strictSchema(input_schema) : undefined;
      const parameters = strict ?? input_schema;
      return {
        type: "function" as const,
        function: { name, description, parameters, ...(isStrict ? { strict: strict !== undefined } : {}) },
      };
    });
    return {
      body: {
        model: request.model,
        messages: chatMessages(request),
        stream: true,
        ...optional,
        ...(tools.length > 0 ? { tools } : {}),
      },
      sent: [
        ...(Object.keys(optional) as OptionalField[]),
        ...(isStrict && tools.length > 0 ? ["strict" as const] : []),
      ],
    };
  }

  /** OpenAI's newer models refuse `max_tokens`; many compatible servers do not know the other. */
  #limitField(dialect: Dialect): OptionalField | undefined {
    const fields = ["max_completion_tokens", "max_tokens"] as const;
    return (this.#prefersMaxCompletionTokens ? fields : fields.toReversed()).find((field) => dialect.takes(field));
  }
}

/** One answer as its chunks arrive. */
class ChatAnswer {
  readonly #calls = new CallAssembly();
  #finishReason: string | undefined;
  #usage: Usage | undefined;
  readonly #listener: ModelListener;

  constructor(listener: ModelListener) {
    this.#listener = listener;
  }

  get isWhole(): boolean {
    return this.#finishReason !== undefined;
  }

  read(chunk: ChatCompletionChunk): void {
    this.#usage = readUsage(chunk.usage) ?? this.#usage;
    const choice = chunk.choices?.[0];
    if (choice === undefined) return;
    // Some servers end with a choice that has only a reason.
    const delta: Delta = choice.delta ?? {};
    this.#pass("reasoning", delta.reasoning_content ?? delta.reasoning);
    this.#pass("text", delta.content ?? delta.refusal);
    for (const call of delta.tool_calls ?? []) this.#calls.add(call);
    if (choice.finish_reason) this.#finishReason = choice.finish_reason;
  }

  end(): ModelEnd {
    if (this.#finishReason === undefined) {
      throw new ModelCallFailed("The model's answer broke off.", { code: "model_stream_broken", isRetryable: true });
    }
    const finishReason = readFinishReason(this.#finishReason);
    return { finishReason, calls: this.#calls.calls, ...(this.#usage ? { usage: this.#usage } : {}) };
  }

  #pass(channel: "text" | "reasoning", text: unknown): void {
    if (typeof text === "string" && text !== "") this.#listener.hear(channel, text);
  }
}

/** Not in OpenAI's API: how compatible servers stream what a model thinks. */
type Delta = ChatCompletionChunk.Choice.Delta & { readonly reasoning_content?: unknown; readonly reasoning?: unknown };

/** Servers have words of their own for a normal end (`eos`, `end_turn`). */
function readFinishReason(given: string): ModelFinishReason {
  if (given === "length" || given === "content_filter" || given === "tool_calls") return given;
  return given === "function_call" ? "tool_calls" : "stop";
}

function readUsage(given: ChatCompletionChunk["usage"]): Usage | undefined {
  if (!given) return undefined;
  const input_tokens = count(given.prompt_tokens);
  const output_tokens = count(given.completion_tokens);
  return { input_tokens, output_tokens, total_tokens: count(given.total_tokens) || input_tokens + output_tokens };
}

function count(given: unknown): number {
  return Math.max(0, Math.round(Number(given)) || 0);
}
