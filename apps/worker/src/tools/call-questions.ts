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
 * the call later: asking twice is asking once. While one is open, the time that the run may work stands still.
 */
export class CallQuestions {
  readonly #call: AskingCall;
  readonly #lease: Pick<RunLease, "questions">;
  readonly #clock: RunStop["clock"];
  readonly #asking = new Map<string, Promise<unknown>>();
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
    if (this.#asking.has(question.question_id)) return;
    // Where the lease is lost its next owner asks, and what cannot be asked ends at the tool-runner.
    const asked = this.#lease.questions.ask(this.#questionOf(question)).catch(() => undefined);
    this.#asking.set(question.question_id, asked);
  }

  /** All that are open at this moment. */
  found(open: readonly ToolQuestion[]): void {
    for (const question of open) this.heard(question);
    if (open.length === 0) this.#clock.go(this.#call.callId);
  }

  /** The call has ended: nobody wants to know any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#clock.go(this.#call.callId);
    await Promise.all(this.#asking.values());
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
