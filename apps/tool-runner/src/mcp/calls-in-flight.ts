import type { Logger } from "@holdfast/telemetry";
import type { FormAnswer } from "./asked-form.ts";

/** Asks the human behind one call. `params` are the server's, unread. */
export type AskForCall = (params: unknown, signal: AbortSignal) => Promise<FormAnswer>;

/**
 * The calls that a session works on, so that a question of its server reaches the human behind the right one. In the era of
 * `initialize` nothing in a question says which call it belongs to. Where one is in flight, it is that one; where none or
 * several are, nobody is asked: a form in the wrong conversation would hand one person's answer to another's call.
 */
export class CallsInFlight {
  readonly #calls = new Set<AskForCall>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Answers what is to be called when the call has ended. */
  begin(ask: AskForCall): () => void {
    this.#calls.add(ask);
    return () => void this.#calls.delete(ask);
  }

  async ask(params: unknown, signal: AbortSignal): Promise<FormAnswer> {
    const [only, ...others] = this.#calls;
    if (only !== undefined && others.length === 0) return only(params, signal);
    this.#logger.info("a question of an mcp server belongs to no one call", { calls: this.#calls.size });
    return { action: "cancel" };
  }
}
