import type { ServerResponse } from "node:http";
import { nowUs } from "../clock.ts";
import { stampOf } from "../stamp.ts";
import type { Ask } from "./ask.ts";
import type { Paced, Pacer } from "./pacer.ts";

/** As many tokens as arrive in one read from a fast provider. */
const BURST = 10;
/** Fixed, and as long as OpenAI's: a chunk with its token is about 190 bytes on the wire. */
const HEAD =
  'data: {"id":"chatcmpl-B9MHDbslfkBeAs8l4","object":"chat.completion.chunk","created":1763800000,"model":"scripted","choices":[{"index":0,"delta":{"content":"';
const TAIL = '"},"finish_reason":null}]}\n\n';
const FINISH = `${HEAD.slice(0, HEAD.indexOf('{"content"'))}{},"finish_reason":"stop"}]}\n\n`;

/** One streamed answer: the tokens it was asked for, the finish, the usage, and `[DONE]`. */
export class Answer implements Paced {
  dueMs = performance.now();
  readonly #response: ServerResponse;
  readonly #ask: Ask;
  #said = 0;

  constructor(response: ServerResponse, ask: Ask) {
    this.#response = response;
    this.#ask = ask;
  }

  get isOver(): boolean {
    return this.#said >= this.#ask.tokens;
  }

  /** The first token goes out with the head, as from a model that is warm. */
  start(pacer: Pacer): void {
    this.#response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
    if (this.#ask.rate === 0) this.#pour();
    else if (this.sayNext()) pacer.add(this);
  }

  sayNext(): boolean {
    if (this.#response.destroyed) return false;
    this.#write(1);
    this.dueMs += 1_000 / this.#ask.rate;
    if (!this.isOver) return true;
    this.#end();
    return false;
  }

  /** Takes turns with the other answers, and waits for a reader that does not keep up. */
  #pour(): void {
    if (this.#response.destroyed) return;
    if (this.isOver) return this.#end();
    const goOn = (): void => this.#pour();
    if (this.#write(BURST)) setImmediate(goOn);
    else this.#response.once("drain", goOn);
  }

  #write(most: number): boolean {
    const last = Math.min(this.#said + most, this.#ask.tokens);
    const sentUs = nowUs();
    let text = "";
    for (; this.#said < last; this.#said += 1) text += HEAD + stampOf(this.#said, sentUs) + TAIL;
    return this.#response.write(text, "latin1");
  }

  #end(): void {
    const usage = { prompt_tokens: 10, completion_tokens: this.#said, total_tokens: 10 + this.#said };
    const closing = `${HEAD.slice(0, HEAD.indexOf('"choices"'))}"choices":[],"usage":${JSON.stringify(usage)}}\n\n`;
    this.#response.end(`${FINISH}${closing}data: [DONE]\n\n`);
  }
}
