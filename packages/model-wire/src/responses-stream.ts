/**
 * The stream of the Responses API: named events, each with a `sequence_number` from 0. `response.created` and
 * `response.in_progress` first, the events of each output item, and at the end `response.completed`, `response.incomplete`
 * or `response.failed` with the whole response. There is no `[DONE]`.
 */
import type { ReplyIdentity, ReplyPart, StreamEncoder } from "./reply.ts";
import { openFunctionCall, openMessage, openReasoning, type ItemEvent, type OpenItem } from "./response-items.ts";
import { finalState, responseObject, type ResponseState } from "./response-object.ts";

export class ResponsesStreamEncoder implements StreamEncoder {
  readonly #identity: ReplyIdentity;
  readonly #items: OpenItem[] = [];
  #sequence = 0;
  #current: OpenItem | undefined;
  #currentCall = -1;
  #state: ResponseState = { status: "in_progress", output: [] };

  constructor(identity: ReplyIdentity) {
    this.#identity = identity;
  }

  /** The response object as it stands after the parts encoded so far. */
  get response(): object {
    return responseObject(this.#identity, this.#state);
  }

  open(): string {
    const response = this.response;
    return this.#frames([
      { type: "response.created", response },
      { type: "response.in_progress", response },
    ]);
  }

  encode(part: ReplyPart): string {
    switch (part.type) {
      case "text":
        return this.#frames([...this.#ensure("message"), ...this.#delta(part.text)]);
      case "reasoning":
        return this.#frames([...this.#ensure("reasoning"), ...this.#delta(part.text)]);
      case "tool_call":
        this.#currentCall = part.index;
        return this.#frames(this.#begin(openFunctionCall(this.#itemId("fc"), this.#items.length, part)));
      case "tool_arguments":
        return this.#frames(this.#arguments(part.index, part.text));
      case "finish":
        return this.#frames(this.#finish(part));
      case "error":
        return this.#frames([{ type: "error", code: part.code ?? null, message: part.message, param: null }]);
      default:
        this.#state = {
          status: "failed",
          output: this.#output(),
          error: { code: part.code ?? "server_error", message: part.message },
        };
        return this.#frames([{ type: "response.failed", response: this.response }]);
    }
  }

  #finish(part: Extract<ReplyPart, { type: "finish" }>): ItemEvent[] {
    const closing = this.#close();
    this.#state = finalState(part.reason, part.usage, this.#output());
    return [...closing, { type: `response.${this.#state.status}`, response: this.response }];
  }

  #arguments(index: number, text: string): ItemEvent[] {
    if (this.#current?.kind !== "function_call" || index !== this.#currentCall)
      throw new Error(`Responses streams one item at a time: call ${index} is not the open one`);
    return this.#delta(text);
  }

  #ensure(kind: "message" | "reasoning"): ItemEvent[] {
    if (this.#current?.kind === kind) return [];
    const index = this.#items.length;
    const item =
      kind === "message" ? openMessage(this.#itemId("msg"), index) : openReasoning(this.#itemId("rs"), index);
    return this.#begin(item);
  }

  #begin(item: OpenItem): ItemEvent[] {
    const closing = this.#close();
    this.#items.push(item);
    this.#current = item;
    return [...closing, ...item.opened()];
  }

  #delta(text: string): ItemEvent[] {
    return this.#current?.delta(text) ?? [];
  }

  #close(): ItemEvent[] {
    const closing = this.#current?.closed() ?? [];
    this.#current = undefined;
    return closing;
  }

  #output(): object[] {
    return this.#items.map((item) => item.item());
  }

  #itemId(prefix: string): string {
    return `${prefix}_${this.#identity.id}_${this.#items.length}`;
  }

  #frames(events: ItemEvent[]): string {
    return events.map((event) => this.#frame(event)).join("");
  }

  #frame({ type, ...fields }: ItemEvent): string {
    const data = { type, sequence_number: this.#sequence++, ...fields };
    return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}
