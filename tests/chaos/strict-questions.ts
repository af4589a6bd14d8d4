import type { StrictEvent } from "./strict-event.ts";

/**
 * The questions of one run to humans (protocol §3.2, `approval`), without forgiveness: each is asked once, about a call that
 * waits, and answered once; a call that waited begins only when it was approved; the run waits while one is open, and only then.
 * A question of the kind `question` is asked once by a call that runs, and is over before that call and its run are.
 */
export class StrictQuestions {
  /** By tool call. */
  readonly #byCall = new Map<string, { readonly id: string; readonly status: string }>();
  /** Of the kind `question`, by its id. */
  readonly #ofRunning = new Map<string, { readonly call: string; readonly status: string }>();
  readonly #complain: (problem: string) => void;

  constructor(complain: (problem: string) => void) {
    this.#complain = complain;
  }

  /** Ids of the approvals that nobody has decided. */
  get open(): string[] {
    return [...this.#byCall.values()].filter(({ status }) => status === "requested").map(({ id }) => id);
  }

  /** Of the kind `question`, in the order in which they were asked. */
  get ofRunning(): { readonly id: string; readonly status: string }[] {
    return [...this.#ofRunning].map(([id, { status }]) => ({ id, status }));
  }

  /** `callStatus` is the newest of the call it is about. */
  read(event: StrictEvent, callStatus: string | undefined): void {
    if (event.has("kind")) return this.#readQuestion(event, callStatus);
    const call = event.text("tool_call_id");
    const status = event.text("status");
    const known = this.#byCall.get(call);
    this.#mayBe(status, known?.status, `approval of ${call}`);
    if (callStatus !== "pending_approval") this.#complain(`${call} does not wait for a human`);
    this.#byCall.set(call, { id: event.text("approval_id"), status });
  }

  #readQuestion(event: StrictEvent, callStatus: string | undefined): void {
    const [id, call, status] = [event.text("approval_id"), event.text("tool_call_id"), event.text("status")];
    this.#mayBe(status, this.#ofRunning.get(id)?.status, `question ${id}`);
    if (callStatus !== "started" && callStatus !== "output") this.#complain(`${call} asks and does not run`);
    this.#ofRunning.set(id, { call, status });
  }

  #mayBe(status: string, before: string | undefined, what: string): void {
    if (before === undefined && status !== "requested") this.#complain(`${what} is ${status}, and nobody was asked`);
    if (before !== undefined && before !== "requested") this.#complain(`${what} is ${status} after ${before}`);
    if (before !== undefined && status === "requested") this.#complain(`${what} is asked twice`);
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

  mayEnd(call: string): void {
    const left = [...this.#ofRunning.values()].filter((one) => one.call === call && one.status === "requested");
    if (left.length > 0) this.#complain(`tool call ${call} has ended, and its question is open`);
  }
}
