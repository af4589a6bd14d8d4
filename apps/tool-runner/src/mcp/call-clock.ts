/**
 * When a call must end: at its deadline, after a while without a sign of life once it was sent, or when its caller
 * cancels it. One signal tells all three; `cause` says which came first.
 */
export type ClockCause = "deadline" | "inactivity" | "cancelled";

export class CallClock {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #deadline: NodeJS.Timeout;
  readonly #onCancel = () => this.#end("cancelled");
  #inactivity: NodeJS.Timeout | undefined;
  #cause: ClockCause | undefined;

  constructor(timeoutMs: number, caller: AbortSignal) {
    this.#caller = caller;
    this.#deadline = setTimeout(() => this.#end("deadline"), timeoutMs);
    caller.addEventListener("abort", this.#onCancel, { once: true });
    if (caller.aborted) this.#onCancel();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get cause(): ClockCause | undefined {
    return this.#cause;
  }

  /** Begins, or begins again, to wait for a sign of life. */
  expectLifeWithin(ms: number): void {
    clearTimeout(this.#inactivity);
    this.#inactivity = setTimeout(() => this.#end("inactivity"), ms);
  }

  /** No sign of life is due any more: the call is not with the server. */
  expectNothing(): void {
    clearTimeout(this.#inactivity);
  }

  dispose(): void {
    clearTimeout(this.#deadline);
    this.expectNothing();
    this.#caller.removeEventListener("abort", this.#onCancel);
  }

  #end(cause: ClockCause): void {
    this.#cause ??= cause;
    // The text travels to the server in `notifications/cancelled`.
    this.#controller.abort(cause === "cancelled" ? "cancelled by the user" : "timed out");
    this.dispose();
  }
}
