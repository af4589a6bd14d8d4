import { ModelCallFailed } from "./model-call-failed.ts";
import { describeFailure } from "./describe-failure.ts";

/**
 * The life of one streamed request, whatever API it speaks.
 *
 * - Silence for `idleMs`, before the first event or between two, counts as a broken stream. Time in which the consumer
 *   does not ask for the next event is not silence.
 * - Aborting `signal` ends the request and throws the signal's reason.
 * - Once `isWhole()`, nothing that still goes wrong matters: what is left is at most the usage.
 */
export interface StreamingCall<Event> {
  /** Sends the request; resolves with its events. */
  open(signal: AbortSignal): PromiseLike<AsyncIterable<Event>>;
  /** True once the answer itself is complete. */
  isWhole(): boolean;
  readonly signal: AbortSignal;
  readonly idleMs: number;
}

/** How long the usage may come after the end of the answer. */
const TAIL_MS = 3_000;

export async function* eventsOf<Event>(call: StreamingCall<Event>): AsyncGenerator<Event, void, undefined> {
  const { signal, idleMs } = call;
  signal.throwIfAborted();
  const request = new AbortController();
  const abort = () => request.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const silence = new Silence(idleMs, () => request.abort());
  try {
    for await (const event of await call.open(request.signal)) {
      silence.stop();
      yield event;
      silence.restart(call.isWhole() ? Math.min(idleMs, TAIL_MS) : idleMs);
    }
    // The SDK ends an aborted stream as if it were over.
    if (request.signal.aborted) throw request.signal.reason;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (call.isWhole()) return;
    if (silence.isOver) throw idle(idleMs, error);
    throw describeFailure(error);
  } finally {
    silence.dispose();
    signal.removeEventListener("abort", abort);
    request.abort();
  }
}

function idle(idleMs: number, cause: unknown): ModelCallFailed {
  const message = `The model said nothing for ${Math.round(idleMs / 1000)} s.`;
  return new ModelCallFailed(message, { code: "model_timeout", isRetryable: true }, { cause });
}

/** Calls `onOver` after a time in which it was neither stopped nor restarted. */
class Silence {
  isOver = false;
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout;
  #ms: number;
  #isListening = true;

  constructor(ms: number, onOver: () => void) {
    this.#ms = ms;
    this.#onOver = onOver;
    this.#timer = setTimeout(() => this.#end(), ms);
  }

  /** Cheap, since it runs for every token: the timer goes on and is ignored when it fires. */
  stop(): void {
    this.#isListening = false;
  }

  dispose(): void {
    this.stop();
    clearTimeout(this.#timer);
  }

  restart(ms: number): void {
    this.#isListening = true;
    if (ms === this.#ms) {
      this.#timer.refresh();
      return;
    }
    this.#ms = ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(), ms);
  }

  #end(): void {
    if (!this.#isListening) return;
    this.isOver = true;
    this.#onOver();
  }
}
