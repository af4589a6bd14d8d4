import type { JournalCall } from "@holdfast/bus";
import type { Usage } from "@holdfast/protocol";
import OpenAI from "openai";
import type { Response, ResponseOutputItem, ResponseStreamEvent } from "openai/resources/responses/responses";
import { ModelCallFailed } from "./model-call-failed.ts";
import type { ModelEnd, ModelFinishReason, ModelListener } from "./model-client.ts";
import type { ResponsesItem } from "./responses-input.ts";

/**
 * One response as its events arrive. Deltas are passed on; calls and thoughts are taken whole from the items that are done
 * (and, where a server announces no items, from the finished response).
 */
export class ResponsesAnswer {
  readonly #model: string;
  readonly #listener: ModelListener;
  readonly #done: { readonly at: number; readonly item: ResponseOutputItem }[] = [];
  #response: Response | undefined;
  #hasText = false;

  constructor(model: string, listener: ModelListener) {
    this.#model = model;
    this.#listener = listener;
  }

  get isWhole(): boolean {
    return this.#response !== undefined;
  }

  read(event: ResponseStreamEvent): void {
    switch (event.type) {
      case "response.output_text.delta":
      case "response.refusal.delta":
        this.#hasText = true;
        this.#pass("text", event.delta);
        return;
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        this.#pass("reasoning", event.delta);
        return;
      case "response.reasoning_summary_part.added":
        if (event.summary_index > 0) this.#pass("reasoning", "\n\n");
        return;
      case "response.output_item.added":
        if (event.item.type === "message" && this.#hasText) this.#pass("text", "\n\n");
        return;
      default:
        this.#note(event);
    }
  }

  end(): ModelEnd {
    const response = this.#response;
    if (response === undefined) {
      throw new ModelCallFailed("The model's answer broke off.", { code: "model_stream_broken", isRetryable: true });
    }
    const output =
      this.#done.length > 0 ? this.#done.toSorted((a, b) => a.at - b.at).map(({ item }) => item) : response.output;
    const { calls, items } = readOutput(output ?? []);
    const usage = readUsage(response);
    return {
      finishReason: finishReasonOf(response, calls),
      calls,
      ...(usage ? { usage } : {}),
      provider: { api: "responses", model: this.#model, items },
    };
  }

  #pass(channel: "text" | "reasoning", text: string): void {
    if (text !== "") this.#listener.hear(channel, text);
  }

  #note(event: ResponseStreamEvent): void {
    if (event.type === "response.output_item.done") this.#done.push({ at: event.output_index, item: event.item });
    else if (event.type === "response.completed" || event.type === "response.incomplete")
      this.#response = event.response;
    else if (event.type === "response.failed") throw failure(event.response.error);
    else if (event.type === "error") throw failure(event);
  }
}

/** Shaped like an error inside a stream, so that one place judges both. */
function failure(error: { readonly code: unknown; readonly message: string } | null): Error {
  return new OpenAI.APIError(undefined, { code: error?.code, message: error?.message }, error?.message, undefined);
}

function readOutput(output: readonly ResponseOutputItem[]): { calls: JournalCall[]; items: ResponsesItem[] } {
  const calls: JournalCall[] = [];
  const items: ResponsesItem[] = [];
  for (const item of output) {
    // Without its encrypted form a thought is only a reference to something the server did not keep.
    if (item.type === "reasoning" && item.encrypted_content) items.push({ type: "reasoning", item });
    if (item.type === "message") items.push({ type: "text", text: textOf(item) });
    if (item.type === "function_call") {
      items.push({ type: "call", index: calls.length });
      calls.push({ id: item.call_id, name: item.name, arguments: item.arguments });
    }
  }
  return { calls, items };
}

function textOf(item: Extract<ResponseOutputItem, { type: "message" }>): string {
  return item.content.map((part) => (part.type === "output_text" ? part.text : part.refusal)).join("");
}

function finishReasonOf(response: Response, calls: readonly JournalCall[]): ModelFinishReason {
  const reason = response.incomplete_details?.reason;
  if (response.status === "incomplete" || reason) return reason === "content_filter" ? "content_filter" : "length";
  return calls.length > 0 ? "tool_calls" : "stop";
}

function readUsage({ usage }: Response): Usage | undefined {
  if (!usage) return undefined;
  const { input_tokens, output_tokens } = usage;
  return { input_tokens, output_tokens, total_tokens: usage.total_tokens || input_tokens + output_tokens };
}
