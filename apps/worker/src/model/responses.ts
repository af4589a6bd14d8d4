import type OpenAI from "openai";
import type { ResponseCreateParamsStreaming, ResponseStreamEvent } from "openai/resources/responses/responses";
import { type Dialect, Dialects, type OptionalField, openInDialect } from "./dialect.ts";
import type { ModelClient, ModelEnd, ModelListener, ModelRequest } from "./model-client.ts";
import { ResponsesAnswer } from "./responses-answer.ts";
import { responsesInput } from "./responses-input.ts";
import { readStream } from "./streaming-call.ts";
import { strictSchema } from "./strict-schema.ts";

/** The API refuses a smaller limit. */
const SMALLEST_LIMIT = 16;

/** The Responses API, used without its store: the conversation is ours, and the provider keeps nothing. */
export class ResponsesClient implements ModelClient {
  readonly #openai: OpenAI;
  readonly #idleMs: number;
  readonly #dialects = new Dialects();

  constructor(openai: OpenAI, options: { idleMs: number }) {
    this.#openai = openai;
    this.#idleMs = options.idleMs;
  }

  async stream(request: ModelRequest, signal: AbortSignal, listener: ModelListener): Promise<ModelEnd> {
    const answer = new ResponsesAnswer(request.model, listener);
    const dialect = this.#dialects.of(request.model);
    await readStream<ResponseStreamEvent>({
      open: (abort) =>
        openInDialect(
          dialect,
          () => bodyOf(request, dialect),
          (body) => this.#openai.responses.create(body, { signal: abort }).asResponse(),
        ),
      read: (event) => answer.read(event),
      holdBack: () => listener.holdBack(),
      isWhole: () => answer.isWhole,
      signal,
      idleMs: this.#idleMs,
    });
    return answer.end();
  }
}

function bodyOf(
  request: ModelRequest,
  dialect: Dialect,
): { body: ResponseCreateParamsStreaming; sent: OptionalField[] } {
  const isStrict = dialect.takes("strict");
  const optional = {
    ...(dialect.takes("max_output_tokens")
      ? { max_output_tokens: Math.max(SMALLEST_LIMIT, request.maxOutputTokens) }
      : {}),
    ...(dialect.takes("store") ? { store: false } : {}),
    ...(dialect.takes("include") ? { include: ["reasoning.encrypted_content" as const] } : {}),
    ...(request.temperature !== undefined && dialect.takes("temperature") ? { temperature: request.temperature } : {}),
    ...(request.tools.length > 0 && dialect.takes("parallel_tool_calls") ? { parallel_tool_calls: true } : {}),
  };
  const tools = request.tools.map(({ name, description, input_schema }) => {
    const strict = isStrict ? strictSchema(input_schema) : undefined;
    // Left out, `strict` would mean true to this API.
    return {
      type: "function" as const,
      name,
      description,
      parameters: { ...(strict ?? input_schema) },
      strict: strict !== undefined,
    };
  });
  return {
    body: {
      model: request.model,
      instructions: request.instructions,
      input: responsesInput(request.messages, request.model),
      stream: true,
      ...optional,
      ...(tools.length > 0 ? { tools } : {}),
    },
    sent: [...(Object.keys(optional) as OptionalField[]), ...(isStrict && tools.length > 0 ? ["strict" as const] : [])],
  };
}
