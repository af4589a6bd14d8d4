/**
 * When a call must end: at its deadline, after a while without a sign of life once it was sent, or when its caller
 * cancels it. One signal tells all three; `cause` says which came first. While somebody holds it, no time passes.
 */
export type ClockCause = "deadline" | "inactivity" | "cancelled";

export class CallClock {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #onCancel = () => this.#end("cancelled");
  #leftMs: number;
  /** Of `performance.now()`, when `leftMs` was true. */
  #since = 0;
  #deadline: NodeJS.Timeout | undefined;
  #lifeWithinMs: number | undefined;
  #inactivity: NodeJS.Timeout | undefined;
  #holders = 0;
  #cause: ClockCause | undefined;
  #isOver = false;

  constructor(timeoutMs: number, caller: AbortSignal) {
    this.#caller = caller;
    this.#leftMs = timeoutMs;
    this.#run();
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
    this.#lifeWithinMs = ms;
    clearTimeout(this.#inactivity);
    if (this.#holders === 0) this.#inactivity = setTimeout(() => this.#end("inactivity"), ms);
  }

  /** No sign of life is due any more: the call is not with the server. */
  expectNothing(): void {
    this.#lifeWithinMs = undefined;
    clearTimeout(this.#inactivity);
  }

  /** Until every holder has called what this answers, once, the call waits for a human and for nothing else. */
  hold(): () => void {
    this.#holders += 1;
    if (this.#holders === 1) this.#stop();
    return () => {
      this.#holders -= 1;
      if (this.#holders === 0 && !this.#isOver) this.#run();
    };
  }

  dispose(): void {
    this.#isOver = true;
    this.#stop();
    this.expectNothing();
    this.#caller.removeEventListener("abort", this.#onCancel);
  }

  #run(): void {
    this.#since = performance.now();
    this.#deadline = setTimeout(() => this.#end("deadline"), Math.max(0, this.#leftMs));
    if (this.#lifeWithinMs !== undefined) this.expectLifeWithin(this.#lifeWithinMs);
  }

  #stop(): void {
    this.#leftMs -= performance.now() - this.#since;
    clearTimeout(this.#deadline);
    clearTimeout(this.#inactivity);
  }

  #end(cause: ClockCause): void {
    this.#cause ??= cause;
    // The text travels to the server in `notifications/cancelled`.
    this.#controller.abort(cause === "cancelled" ? "cancelled by the user" : "timed out");
    this.dispose();
  }
}
