/**
 * Ends a command and everything it started. The command leads a process group of its own, and signals go to the group:
 * SIGTERM, a quarter of a second to tidy up, SIGKILL.
 */
const GRACE_MS = 250;

export type StopReason = "timed_out" | "output_limit" | "quota_exceeded" | "cancelled";

export class GroupStop {
  readonly #pid: number;
  #reason: StopReason | undefined;
  #hasEnded = false;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Why it was stopped, if it was; the first reason stays. */
  get reason(): StopReason | undefined {
    return this.#reason;
  }

  begin(reason: StopReason): void {
    if (this.#hasEnded || this.#reason !== undefined) return;
    this.#reason = reason;
    signalGroup(this.#pid, "SIGTERM");
    this.#killTimer = setTimeout(() => signalGroup(this.#pid, "SIGKILL"), GRACE_MS);
  }

  /** To be called the moment the command itself has ended: what it left behind in its group ends too. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#killTimer);
    signalGroup(this.#pid, "SIGKILL");
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is already empty.
  }
}
