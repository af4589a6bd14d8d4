/**
 * The stream of Chat Completions: a chunk with the role first, one chunk per delta, a chunk with `finish_reason` and an empty
 * delta, then, only if the client set `stream_options.include_usage`, a chunk with `usage` and no choices, then `[DONE]`.
 * With include_usage every other chunk carries `usage: null`. Reasoning goes out as `reasoning_content`, as compatible
 * servers send it (OpenAI itself shows none here).
 */
import { errorBody } from "./api-error.ts";
import { chatUsage } from "./chat-usage.ts";
import type { ReplyIdentity, ReplyPart, StreamEncoder } from "./reply.ts";

export class ChatStreamEncoder implements StreamEncoder {
  readonly #identity: ReplyIdentity;
  readonly #includeUsage: boolean;

  constructor(identity: ReplyIdentity, { includeUsage }: { includeUsage: boolean }) {
    this.#identity = identity;
    this.#includeUsage = includeUsage;
  }

  open(): string {
    return this.#delta({ role: "assistant", content: "", refusal: null });
  }

  encode(part: ReplyPart): string {
    switch (part.type) {
      case "text":
        return this.#delta({ content: part.text });
      case "reasoning":
        return this.#delta({ reasoning_content: part.text });
      case "tool_call": {
        const { index, id, name } = part;
        return this.#delta({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] });
      }
      case "tool_arguments":
        return this.#delta({ tool_calls: [{ index: part.index, function: { arguments: part.text } }] });
      case "finish":
        return (
          this.#delta({}, part.reason) +
          (this.#includeUsage ? this.#chunk({ choices: [], usage: chatUsage(part.usage) }) : "") +
          "data: [DONE]\n\n"
        );
      default:
        return data(errorBody({ status: 500, ...part }));
    }
  }

  #delta(delta: object, finishReason: string | null = null): string {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
    return this.#chunk(this.#includeUsage ? { choices, usage: null } : { choices });
  }

  #chunk(fields: object): string {
    const { id, createdAt, model } = this.#identity;
    const head = { id: `chatcmpl-${id}`, object: "chat.completion.chunk", created: createdAt, model };
    return data({ ...head, service_tier: "default", system_fingerprint: null, ...fields });
  }
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
