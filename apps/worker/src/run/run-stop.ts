import { WorkClock } from "./work-clock.ts";

/**
 * Why a run is cut short. `cancelled` and `budget_seconds` end it; with the others another attempt goes on, and what was
 * begun is left as it is. `failure`: a part of the work failed, so its other parts let go.
 */
export type StopReason = "cancelled" | "budget_seconds" | "fenced" | "shutdown" | "failure";

/** Thrown where a run was cut short, and the reason of the run's signal. */
export class RunStopped extends Error {
  override readonly name = "RunStopped";
  readonly reason: StopReason;

  constructor(reason: StopReason, options?: ErrorOptions) {
    super(`the run was stopped: ${reason}`, options);
    this.reason = reason;
  }
}

/** One signal for everything that can cut a run short. The first reason stays. */
export class RunStop {
  readonly #controller = new AbortController();
  /** Its limit ends the run. */
  readonly clock: WorkClock;
  readonly #unlink: (() => void)[] = [];
  readonly #stopped = Promise.withResolvers<RunStopped>();

  /** `leaseSignal` aborts with "cancelled" or, when the lease was lost, with an error. Times in ms. */
  constructor(leaseSignal: AbortSignal, shutdown: AbortSignal, budget: { workedMs: number; limitMs: number }) {
    this.#follow(leaseSignal, () =>
      leaseSignal.reason === "cancelled"
        ? new RunStopped("cancelled")
        : new RunStopped("fenced", { cause: leaseSignal.reason }),
    );
    this.#follow(shutdown, () => new RunStopped("shutdown"));
    const { workedMs, limitMs } = budget;
    this.clock = new WorkClock(workedMs, limitMs, () => this.#stop(new RunStopped("budget_seconds")));
  }

  /** Its reason is a RunStopped. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves when the run is cut short; never where it is not. */
  get stopped(): Promise<RunStopped> {
    return this.#stopped.promise;
  }

  get reason(): StopReason | undefined {
    return this.signal.aborted ? (this.signal.reason as RunStopped).reason : undefined;
  }

  /** One of several things at work at once failed: the others stop, as if the run went to another worker. */
  letGo(cause: unknown): void {
    this.#stop(new RunStopped("failure", { cause }));
  }

  dispose(): void {
    this.clock.hold("over");
    for (const unlink of this.#unlink) unlink();
  }

  #stop(reason: RunStopped): void {
    if (this.signal.aborted) return;
    this.#controller.abort(reason);
    this.#stopped.resolve(reason);
  }

  #follow(signal: AbortSignal, reason: () => RunStopped): void {
    const abort = () => this.#stop(reason());
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    this.#unlink.push(() => signal.removeEventListener("abort", abort));
  }
}
