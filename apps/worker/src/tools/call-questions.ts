import { argsSha256, type AskedByCall, type CallQuestion, type RunLease } from "@holdfast/bus";
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

/** What is still open is asked again: a failover may have lost that it was asked. */
const ASK_AGAIN_MS = 10_000;

type Clock = Pick<RunStop["clock"], "hold" | "go">;

/**
 * What the server of one call asks humans while it runs the call. The run is not parked for it: the call is in flight in a
 * process that waits, and nobody could take it up again.
 *
 * - A question is heard when it is asked, and found by whoever looks at the call later: asking twice is asking once. So one
 *   that is open for long is asked again, where a failover has lost it.
 * - While one is open, the time that the run may work stands still.
 * - It expires before its call's end only where the tool-runner says that it is over, by its id. One that is found no more
 *   was perhaps only lost: a failover may forget what was written last, and a server and a human wait for each other still.
 */
export class CallQuestions {
  readonly #call: AskingCall;
  readonly #lease: Pick<RunLease, "questions">;
  readonly #clock: Clock;
  readonly #now: () => number;
  /** The last time each was asked. */
  readonly #asking = new Map<string, { readonly settled: Promise<unknown>; againMs: number }>();
  /** Also those that an earlier owner of the run has asked. */
  readonly #over = new Set<string>();
  #withdrawn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(
    call: AskingCall,
    { lease, stop }: { readonly lease: Pick<RunLease, "questions">; readonly stop: { readonly clock: Clock } },
    now: () => number = () => performance.now(),
  ) {
    this.#call = call;
    this.#lease = lease;
    this.#clock = stop.clock;
    this.#now = now;
  }

  heard(question: ToolQuestion): void {
    const { question_id: id } = question;
    if (this.#isClosed || this.#over.has(id)) return;
    this.#clock.hold(this.#call.callId);
    if (this.#now() < (this.#asking.get(id)?.againMs ?? -Infinity)) return;
    // Where the lease is lost its next owner asks, and what cannot be asked ends at the tool-runner.
    const settled = this.#lease.questions.ask(this.#questionOf(question)).catch(() => undefined);
    const asking = { settled, againMs: Infinity };
    this.#asking.set(id, asking);
    void settled.then(() => {
      asking.againMs = this.#now() + ASK_AGAIN_MS;
    });
  }

  found({ open, over }: AskedByCall): void {
    for (const question of open) this.heard(question);
    const ended = over.filter((id) => !this.#over.has(id));
    for (const id of ended) this.#over.add(id);
    if ([...this.#asking.keys()].every((id) => this.#over.has(id))) this.#clock.go(this.#call.callId);
    if (ended.length > 0) this.#withdraw(ended);
  }

  #withdraw(ended: readonly string[]): void {
    const asked = this.#allAsked();
    const withdraw = async () => {
      await asked;
      await this.#lease.questions.withdraw(this.#call.callId, ended);
    };
    const again = () => {
      for (const id of ended) this.#over.delete(id);
    };
    this.#withdrawn = this.#withdrawn.then(withdraw).catch(again);
  }

  /** The call has ended: nobody wants to know any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#clock.go(this.#call.callId);
    await Promise.all([this.#withdrawn, this.#allAsked()]);
    await this.#lease.questions.close(this.#call.callId);
  }

  async #allAsked(): Promise<void> {
    await Promise.all([...this.#asking.values()].map(({ settled }) => settled));
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
