import { argsSha256, type CallQuestion, type RunLease } from "@holdfast/bus";
import type { ToolQuestion } from "@holdfast/protocol";
import { maskSecrets } from "@holdfast/telemetry";
import type { OpenCall } from "../run/run-progress.ts";
import type { RunStop } from "../run/run-stop.ts";
import { parseObject } from "./check-arguments.ts";
import type { OfferedTool } from "./toolbox.ts";

export interface AskingCall {
  readonly open: OpenCall;
  readonly callId: string;
  /** Undefined where it is offered no more. */
  readonly offered: OfferedTool | undefined;
}

/**
 * What the server of one call asks humans while it runs the call. The run is not parked for it: the call is in flight in a
 * process that waits, and nobody could take it up again. A question is heard when it is asked, and found by whoever looks at
 * the call later: asking twice is asking once. While one is open, the time that the run may work stands still. One that two
 * looks in a row did not find was taken back, or has been answered: nobody is left to hear of an answer to it.
 */
export class CallQuestions {
  readonly #call: AskingCall;
  readonly #lease: Pick<RunLease, "questions">;
  readonly #clock: RunStop["clock"];
  readonly #asking = new Map<string, Promise<unknown>>();
  /** The look at or before which each was last heard of; none of those that were taken back. */
  readonly #seen = new Map<string, number>();
  #looks = 0;
  #takenBack: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(
    call: AskingCall,
    { lease, stop }: { readonly lease: Pick<RunLease, "questions">; readonly stop: RunStop },
  ) {
    this.#call = call;
    this.#lease = lease;
    this.#clock = stop.clock;
  }

  heard(question: ToolQuestion): void {
    if (this.#isClosed) return;
    this.#clock.hold(this.#call.callId);
    this.#seen.set(question.question_id, this.#looks);
    if (this.#asking.has(question.question_id)) return;
    // Where the lease is lost its next owner asks, and what cannot be asked ends at the tool-runner.
    const ask = () => this.#lease.questions.ask(this.#questionOf(question));
    const asked = this.#takenBack.then(ask).catch(() => undefined);
    this.#asking.set(question.question_id, asked);
  }

  /** All that are open at this moment. */
  found(open: readonly ToolQuestion[]): void {
    this.#looks += 1;
    for (const question of open) this.heard(question);
    if (open.length === 0) this.#clock.go(this.#call.callId);
    this.#takeBack();
  }

  /** The second look also goes by the record: what an earlier owner of the run has asked may be unknown here. */
  #takeBack(): void {
    const gone = [...this.#seen].filter(([, look]) => look <= this.#looks - 2);
    if (gone.length === 0 && this.#looks !== 2) return;
    for (const [id] of gone) this.#seen.delete(id);
    // What is asked from here on is asked afterwards, and so not taken for one that is gone.
    const [kept, asked] = [[...this.#seen.keys()], [...this.#asking.values()]];
    const keep = async () => {
      await Promise.all(asked);
      await this.#lease.questions.keep(this.#call.callId, kept);
    };
    this.#takenBack = this.#takenBack.then(keep).catch(() => undefined);
  }

  /** The call has ended: nobody wants to know any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#clock.go(this.#call.callId);
    await Promise.all([this.#takenBack, ...this.#asking.values()]);
    await this.#lease.questions.close(this.#call.callId);
  }

  #questionOf(question: ToolQuestion): CallQuestion {
    const { open, callId, offered } = this.#call;
    const { question_id: approval_id, toolset, message, requested_schema, expires_at } = question;
    const args = parseObject(open.call.arguments) ?? {};
    const name = offered?.tool.own_name ?? open.call.name;
    const definition_sha256 = offered?.tool.definition_sha256 ?? "";
    const asked = {
      approval_id,
      tool_call_id: open.call.id,
      name: offered?.tool.name ?? open.call.name,
      args: maskSecrets(args),
      args_sha256: argsSha256({ toolset, name, arguments: args, definition_sha256 }),
      expires_at,
      message,
      requested_schema,
      toolset,
    };
    return { asked, callId };
  }
}
