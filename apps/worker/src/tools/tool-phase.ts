import type {
  AgentStates,
  ApprovalRecord,
  Approvals,
  CallState,
  Control,
  Question,
  RunLease,
  ToolCalls,
} from "@holdfast/bus";
import type { AgentConfig, ToolCall } from "@holdfast/protocol";
import { currentTraceparent, withSpan } from "@holdfast/telemetry";
import type { WorkerMetrics } from "../metrics.ts";
import type { OpenCall, RunProgress } from "../run/run-progress.ts";
import { type RunStop, RunStopped } from "../run/run-stop.ts";
import { AnswerBoard } from "./answer-board.ts";
import { awaitAnswer, type WaitSettings } from "./await-answer.ts";
import { CallQuestions } from "./call-questions.ts";
import { type CallOutcome, notRun, outcomeOf, outcomeUnknown } from "./call-outcome.ts";
import type { ArgumentChecker, CheckedArguments } from "./check-arguments.ts";
import { mustBeApproved, type Permission, permissionOf, questionOf, rejectionOf } from "./permission.ts";
import type { OfferedTool, Toolbox } from "./toolbox.ts";
import { ToolStepEvents } from "./tool-step-events.ts";

export interface ToolPhaseDeps {
  readonly toolCalls: ToolCalls;
  readonly approvals: Approvals;
  /** How long humans have to decide. */
  readonly approvalExpiryMs: number;
  readonly control: Control;
  readonly states: AgentStates;
  readonly argumentChecker: ArgumentChecker;
  readonly metrics: WorkerMetrics;
  readonly wait: WaitSettings;
}

export interface ToolPhaseScope {
  readonly lease: RunLease;
  readonly agent: AgentConfig;
  readonly progress: RunProgress;
  readonly stop: RunStop;
  readonly toolbox: Toolbox;
}

/**
 * The open calls of a step, all at once, until each has a result in the journal. Answers the questions for humans that are
 * left open: calls that need no approval run before their run is parked for the others, so that it waits for nothing but
 * the humans, and holds nothing while it does.
 *
 * - What a model may not call, or calls wrongly, is answered to the model and never sent.
 * - `tool_step started` is durable before a call goes out, so a takeover knows what may have happened. A call that an
 *   earlier attempt announced is asked after first: done is used, absent goes out (again, under the same id), begun is waited for.
 * - A run that is cancelled or out of time has every call settled before this returns; one that goes to another worker
 *   throws RunStopped and leaves its calls as they are.
 * - Where one call cannot be followed (Redis is away), the others stop being followed too. That is over when this throws:
 *   nothing of the phase writes into a run that was given back.
 * - While its agent is paused no call goes out.
 */
export async function settleCalls(
  calls: readonly OpenCall[],
  scope: ToolPhaseScope,
  deps: ToolPhaseDeps,
): Promise<readonly Question[]> {
  if (calls.length === 0) return [];
  const board = new AnswerBoard(deps.toolCalls, scope.lease.run.conversationId);
  const runs = calls.map((open) => new CallRun(open, scope, deps, board));
  await permit(runs, scope, deps);
  try {
    const settled = await Promise.allSettled(
      runs
        .filter(({ asks }) => !asks)
        .map(async (run) => {
          try {
            await run.settle();
          } catch (error) {
            scope.stop.letGo(error);
            throw error;
          }
        }),
    );
    const errors = settled.filter((call) => call.status === "rejected").map((call): unknown => call.reason);
    if (errors.length > 0) throw errors.find((error) => !(error instanceof RunStopped)) ?? errors[0];
    return runs.flatMap((run) => run.question());
  } finally {
    await board.close();
  }
}

/** Looks up what humans have said, where they were or must be asked. */
async function permit(
  runs: readonly CallRun[],
  { lease }: ToolPhaseScope,
  { approvals }: ToolPhaseDeps,
): Promise<void> {
  if (!lease.run.hasAsked && !runs.some((run) => run.mustBeApproved)) return;
  const ids = runs.map(({ approvalId }) => approvalId);
  const records = await approvals.ofConversation(lease.run.conversationId, ids);
  for (const run of runs) run.permit(records.get(run.approvalId));
}

class CallRun {
  readonly #open: OpenCall;
  readonly #scope: ToolPhaseScope;
  readonly #deps: ToolPhaseDeps;
  readonly #board: AnswerBoard;
  readonly #offered: OfferedTool | undefined;
  readonly #events: ToolStepEvents;
  readonly #checked: CheckedArguments | undefined;
  readonly #questions: CallQuestions;
  #permission: Permission = { kind: "granted" };

  constructor(open: OpenCall, scope: ToolPhaseScope, deps: ToolPhaseDeps, board: AnswerBoard) {
    this.#open = open;
    this.#scope = scope;
    this.#deps = deps;
    this.#board = board;
    this.#offered = scope.toolbox.resolve(open.call.name);
    this.#events = new ToolStepEvents(scope.lease, open, this.#name);
    this.#questions = new CallQuestions({ open, callId: this.#id, offered: this.#offered }, scope);
    this.#checked = this.#offered && deps.argumentChecker.check(open.call.arguments, this.#offered.tool);
  }

  get approvalId(): string {
    return this.#deps.approvals.idOf(this.#scope.lease.run.id, this.#open.step, this.#open.index);
  }

  get mustBeApproved(): boolean {
    return this.#offered !== undefined && mustBeApproved(this.#offered, this.#scope.agent);
  }

  permit(record: ApprovalRecord | undefined): void {
    if (!this.#offered || !this.#checked?.isValid) {
      this.#permission = (record && rejectionOf(record)) ?? this.#permission;
      return;
    }
    const call = { open: this.#open, offered: this.#offered, args: this.#checked.value };
    this.#permission = permissionOf(call, record, this.#scope.agent);
  }

  get asks(): boolean {
    return this.#permission.kind === "asks";
  }

  /** At most one. */
  question(): Question[] {
    if (!this.asks || !this.#offered || !this.#checked?.isValid) return [];
    const { approvals, approvalExpiryMs: expiryMs } = this.#deps;
    const call = { open: this.#open, offered: this.#offered, args: this.#checked.value };
    return [questionOf(call, { approvals, lease: this.#scope.lease, callId: this.#id, expiryMs })];
  }

  async settle(): Promise<void> {
    const { lease, progress } = this.#scope;
    const beganAtMs = performance.now();
    const attributes = {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": this.#name,
      "gen_ai.tool.call.id": this.#open.call.id,
      "gen_ai.tool.type": "function",
      "holdfast.run_id": lease.run.id,
    };
    const outcome = await withSpan(`execute_tool ${this.#name}`, { kind: "client", attributes }, async (span) => {
      const settled = await this.#run();
      await this.#questions.close();
      span.setAttribute("holdfast.tool.status", settled.status);
      if (settled.status === "failed" || settled.status === "unknown")
        span.fail(new Error(settled.error?.code ?? settled.status));
      return settled;
    });
    progress.addResult(this.#events.ended(outcome, performance.now() - beganAtMs));
    // A name the model made up must not become a label: there is no end to them.
    const tool = this.#offered?.tool.name ?? "unknown";
    this.#deps.metrics.toolCalls.inc({ agent: lease.run.agent, tool, status: outcome.status });
  }

  get #name(): string {
    return this.#offered?.tool.name ?? this.#open.call.name;
  }

  async #run(): Promise<CallOutcome> {
    if (this.#open.wasStarted) {
      const known = await this.#outcomeOfEarlierAttempt();
      if (known) return known;
    }
    if (this.#permission.kind === "refused") return this.#refuse(this.#permission.outcome);
    const offered = this.#offered;
    if (offered === undefined)
      return this.#refuse(notRun("failed", "unknown_tool", `There is no tool named "${this.#open.call.name}".`));
    if (this.#checked?.isValid !== true) {
      const problem = this.#checked?.problem ?? "The arguments cannot be read.";
      return this.#refuse(notRun("failed", "invalid_arguments", problem));
    }
    return this.#send(offered, this.#checked.value);
  }

  /** One that was announced may still wait in its queue: it is refused only where no runner can begin it any more. */
  async #refuse(outcome: CallOutcome): Promise<CallOutcome> {
    if (!this.#open.wasStarted) return outcome;
    const state = await this.#deps.toolCalls.giveUp(this.#scope.lease.run.conversationId, this.#id);
    return state.state === "cancelled" ? outcome : this.#outcomeOf(state);
  }

  /** Undefined: it never went out, or not as far as a runner. */
  async #outcomeOfEarlierAttempt(): Promise<CallOutcome | undefined> {
    const state = await this.#deps.toolCalls.state(this.#scope.lease.run.conversationId, this.#id);
    return state.state === "absent" ? undefined : this.#outcomeOf(state);
  }

  async #outcomeOf(state: CallState): Promise<CallOutcome> {
    if (state.state === "done") return outcomeOf(state.result);
    if (state.state !== "started") return notRun("failed", "tool_unavailable", "No tool-runner took the call in time.");
    const offered = this.#offered;
    if (offered === undefined && !state.runnerAlive) return outcomeUnknown("The tool-runner that executed it is gone.");
    return this.#wait(offered);
  }

  async #send(offered: OfferedTool, args: ToolCall["arguments"]): Promise<CallOutcome> {
    const { lease, stop } = this.#scope;
    const { run } = lease;
    // A run that is stopped meanwhile has its calls settled below.
    await this.#deps.states.whileIn(["paused"], run.agent, stop.signal).catch(() => undefined);
    if (!this.#open.wasStarted && !stop.signal.aborted) {
      this.#events.started();
      this.#scope.progress.addStarted(this.#open.call.id);
    }
    await lease.flush();
    if (stop.reason === "cancelled" || stop.reason === "budget_seconds") {
      return this.#refuse(notRun("cancelled", stop.reason, "The run was stopped before the call went out."));
    }
    stop.signal.throwIfAborted();
    const call: ToolCall = {
      tool_call_id: this.#open.call.id,
      conversation_id: run.conversationId,
      run_id: run.id,
      agent: run.agent,
      step: this.#open.step,
      name: offered.tool.own_name,
      arguments: args,
      timeout_ms: offered.tool.timeout_ms,
      ...(this.#permission.kind === "granted" && this.#permission.approval
        ? { approval: this.#permission.approval }
        : {}),
      created_at: new Date().toISOString(),
    };
    return this.#wait(offered, () => this.#deps.toolCalls.send(offered.toolset, this.#id, call, currentTraceparent()));
  }

  /** Listens, then sends, then waits: no answer can come before somebody hears it. */
  async #wait(offered: OfferedTool | undefined, send?: () => Promise<void>): Promise<CallOutcome> {
    const { lease, stop } = this.#scope;
    const { run } = lease;
    const { result } = await this.#board.expect(this.#id, {
      onOutput: ({ text }) => this.#events.output(text),
      onQuestion: (question) => this.#questions.heard(question),
    });
    await send?.();
    const sent = {
      id: this.#id,
      toolset: offered?.toolset,
      conversationId: run.conversationId,
      runId: run.id,
      agent: run.agent,
      toolCallId: this.#open.call.id,
      timeoutMs: offered?.tool.timeout_ms ?? 0,
      isRepeatable: offered?.tool.idempotent === true,
      questions: this.#questions,
      result,
    };
    return awaitAnswer(sent, this.#deps, this.#deps.wait, stop);
  }

  get #id(): string {
    return this.#deps.toolCalls.callId(this.#scope.lease.run.id, this.#open.step, this.#open.index);
  }
}
