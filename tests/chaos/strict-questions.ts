import type { StrictEvent } from "./strict-event.ts";

/**
 * The questions of one run to humans (protocol §3.2, `approval`), without forgiveness: each is asked once, about a call that
 * waits, and answered once; a call that waited begins only when it was approved; the run waits while one is open, and only then.
 */
export class StrictQuestions {
  /** By tool call. */
  readonly #byCall = new Map<string, { readonly id: string; readonly status: string }>();
  readonly #complain: (problem: string) => void;

  constructor(complain: (problem: string) => void) {
    this.#complain = complain;
  }

  /** Ids of the approvals that nobody has decided. */
  get open(): string[] {
    return [...this.#byCall.values()].filter(({ status }) => status === "requested").map(({ id }) => id);
  }

  /** `callStatus` is the newest of the call it is about. */
  read(event: StrictEvent, callStatus: string | undefined): void {
    const call = event.text("tool_call_id");
    const status = event.text("status");
    const known = this.#byCall.get(call);
    if (!known && status !== "requested") this.#complain(`${status} of ${call}, which nobody was asked about`);
    if (known && known.status !== "requested") this.#complain(`approval of ${call} is ${status} after ${known.status}`);
    if (known && status === "requested") this.#complain(`asked about ${call} twice`);
    if (callStatus !== "pending_approval") this.#complain(`${call} does not wait for a human`);
    this.#byCall.set(call, { id: event.text("approval_id"), status });
  }

  mayBecome(runStatus: string): void {
    const isAsking = this.open.length > 0;
    if (runStatus === "requires_action" && !isAsking) this.#complain("requires_action without a question");
    if (runStatus !== "requires_action" && isAsking) this.#complain(`${runStatus} while a human is asked`);
  }

  mayBegin(call: string, before: string): void {
    const status = this.#byCall.get(call)?.status;
    if (before === "pending_approval" && status !== "approved")
      this.#complain(`tool call ${call} is started, and ${status ?? "nobody was asked"}`);
  }
}
