import type { IncomingMessage } from "node:http";
import OpenAI from "openai";
import { describeFailure } from "./describe-failure.ts";
import { EventReader, type ModelEvent } from "./event-reader.ts";
import { StreamedResponse } from "./lean-fetch.ts";
import { ModelCallFailed } from "./model-call-failed.ts";

/**
 * The life of one streamed request, whatever API it speaks.
 *
 * - Events are read and handed on in the tick in which they arrive, without a promise between: this runs for every token.
 * - Silence for `idleMs`, before the first event or between two, counts as a broken stream. Time in which the model is held
 *   back is not silence.
 * - Aborting `signal` ends the request and throws the signal's reason.
 * - Once `isWhole()`, nothing that still goes wrong matters: what is left is at most the usage.
 */
export interface StreamingCall<Event> {
  /** Sends the request; resolves with its answer, unread. */
  open(signal: AbortSignal): PromiseLike<Response>;
  read(event: Event): void;
  /** Called after events that arrived together; nothing more is read until the promise resolves. */
  holdBack(): Promise<void> | undefined;
  /** True once the answer itself is complete. */
  isWhole(): boolean;
  readonly signal: AbortSignal;
  readonly idleMs: number;
}

/** How long the usage may come after the end of the answer. */
const TAIL_MS = 3_000;
/** How long a connection may take to end its answer before it is given up instead of used again. */
const CLOSING_MS = 1_000;
const LAST = "[DONE]";

/** Resolves when the server has said everything. */
export async function readStream<Event>(call: StreamingCall<Event>): Promise<void> {
  const { signal, idleMs } = call;
  signal.throwIfAborted();
  const request = new AbortController();
  const abort = () => request.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const silence = new Silence(idleMs, () => request.abort());
  try {
    const response = await call.open(request.signal);
    if (!(response instanceof StreamedResponse)) throw new TypeError("the answer was read already");
    await readEvents(response, call, silence);
  } catch (error) {
    request.abort();
    if (signal.aborted) throw signal.reason;
    if (call.isWhole()) return;
    if (silence.isOver) throw idle(idleMs, error);
    throw describeFailure(error);
  } finally {
    silence.dispose();
    signal.removeEventListener("abort", abort);
  }
}

function readEvents<Event>(
  { incoming, headers }: StreamedResponse,
  call: StreamingCall<Event>,
  silence: Silence,
): Promise<void> {
  const reader = new EventReader();
  return new Promise((resolve, reject) => {
    const take = (chunk: string): void => {
      silence.stop();
      for (const event of reader.push(chunk)) {
        if (event.data === LAST) return finish();
        call.read(parsed(event, headers) as Event);
      }
      const held = call.holdBack();
      if (held) hold(incoming, held).then(listen, reject);
      else listen();
    };
    const listen = (): void => silence.restart(call.isWhole() ? Math.min(call.idleMs, TAIL_MS) : call.idleMs);
    const onData = (chunk: string): void => {
      try {
        take(chunk);
      } catch (error) {
        incoming.destroy();
        reject(error);
      }
    };
    const finish = (): void => {
      incoming.off("data", onData);
      setFree(incoming);
      resolve();
    };
    incoming.setEncoding("utf8");
    incoming.on("data", onData);
    incoming.once("end", resolve);
    incoming.on("error", reject);
    incoming.once("close", () => reject(new Error("the connection was closed")));
  });
}

async function hold(incoming: IncomingMessage, until: Promise<void>): Promise<void> {
  incoming.pause();
  await until;
  incoming.resume();
}

/** Lets the answer come to its end, unread, so that its connection can carry another one. */
function setFree(incoming: IncomingMessage): void {
  incoming.resume();
  const late = setTimeout(() => incoming.destroy(), CLOSING_MS).unref();
  incoming.once("close", () => clearTimeout(late));
}

/** Throws what the SDK would throw for an error inside a stream. */
function parsed({ name, data }: ModelEvent, headers: Headers): unknown {
  const event = JSON.parse(data) as { readonly error?: object } | null;
  const error = event?.error ?? (name === "error" ? event : undefined);
  if (error) throw new OpenAI.APIError(undefined, error, undefined, headers);
  return event;
}

function idle(idleMs: number, cause: unknown): ModelCallFailed {
  const message = `The model said nothing for ${Math.round(idleMs / 1000)} s.`;
  return new ModelCallFailed(message, { code: "model_timeout", isRetryable: true }, { cause });
}

/** Calls `onOver` after a time in which it was neither stopped nor restarted. */
class Silence {
  isOver = false;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | undefined;
  #ms: number;
  #sinceMs = performance.now();
  #isListening = true;

  constructor(ms: number, onOver: () => void) {
    this.#ms = ms;
    this.#onOver = onOver;
    this.#timer = setTimeout(this.#look, ms);
  }

  stop(): void {
    this.#isListening = false;
  }

  dispose(): void {
    this.stop();
    clearTimeout(this.#timer);
  }

  /** Cheap, since it runs for every token: the timer goes on, and what is left is seen when it fires. */
  restart(ms: number): void {
    this.#isListening = true;
    this.#sinceMs = performance.now();
    if (ms === this.#ms && this.#timer) return;
    this.#ms = ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#look, ms);
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    if (!this.#isListening) return;
    const leftMs = this.#sinceMs + this.#ms - performance.now();
    if (leftMs > 0) this.#timer = setTimeout(this.#look, leftMs);
    else {
      this.isOver = true;
      this.#onOver();
    }
  };
}
