import { endedOutcome, type ToolOutcome, type UntimedOutcome } from "./result.ts";
import { Slots } from "./slots.ts";

/** Calls that may wait here while the server works; another tool-runner takes further ones. None more while it asks a human. */
const MOST_WAITING = 60;

/**
 * Where calls wait for their turn at a server before they are begun: no more are let in than it works on at once. So whoever
 * begins calls for many servers begins none that could only wait, and a server that is slow, or whose calls wait for humans,
 * keeps nobody else's call from beginning. A call waits here as long as it may take itself, and then ends unsent; its own
 * time begins when it is let in.
 */
export class Entrance {
  readonly #places: Slots;
  readonly #questions = new Set<symbol>();

  constructor(limit: number) {
    this.#places = new Slots(limit, Number.POSITIVE_INFINITY);
  }

  setLimit(limit: number): void {
    this.#places.setLimit(limit);
  }

  /** True where a further call had better be left to another tool-runner. */
  get isCrowded(): boolean {
    return this.#places.isFull && (this.#isAsking || this.#places.waiting >= MOST_WAITING);
  }

  /** The server is replaced: whoever waits is let in, to wait at the next one's. */
  open(): void {
    this.#places.setLimit(Number.POSITIVE_INFINITY);
  }

  /**
   * Answers what is to be called when the call has ended, or how it ends because it was not let in; rejects with the signal's
   * reason. `startedAt`: when it began to wait, on the clock of `performance`.
   */
  async admit(
    timeoutMs: number,
    signal: AbortSignal,
    startedAt = performance.now(),
  ): Promise<(() => void) | ToolOutcome> {
    signal.throwIfAborted();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), startedAt + timeoutMs - performance.now());
    try {
      const leave = await this.#places.acquire(AbortSignal.any([signal, late.signal]));
      if (leave) return leave;
    } finally {
      clearTimeout(timer);
    }
    signal.throwIfAborted();
    return { ...this.notSentIn(timeoutMs), duration_ms: Math.round(performance.now() - startedAt) };
  }

  notSentIn(waitedMs: number): UntimedOutcome {
    const why = this.#isAsking ? ": the server waits for a human's answer to what another call asked" : "";
    return endedOutcome("failed", "timeout", `The tool did not answer within ${waitedMs} ms. It was not sent${why}.`);
  }

  /** A call of the server waits for a human, until what this answers is called. */
  beginAsking(): () => void {
    const question = Symbol("question");
    this.#questions.add(question);
    return () => void this.#questions.delete(question);
  }

  get #isAsking(): boolean {
    return this.#questions.size > 0;
  }
}
