import { createHash } from "node:crypto";
import type { AgentStates, EventLog, HistoryRecord, RunEnding, RunLease } from "@holdfast/bus";
import type { AgentConfig, AgentState } from "@holdfast/protocol";
import type { Logger } from "@holdfast/telemetry";
import type { WorkerMetrics } from "../metrics.ts";
import type { ModelClient, ModelEnd, ModelRequest } from "../model/model-client.ts";
import { ModelCallFailed } from "../model/model-call-failed.ts";
import { estimateUsage } from "../model/usage.ts";
import type { CatalogCache } from "../tools/catalog-cache.ts";
import { abandonCalls, type Abandonment } from "../tools/abandon-calls.ts";
import { settleCalls, type ToolPhaseDeps } from "../tools/tool-phase.ts";
import { mayOffer, Toolbox } from "../tools/toolbox.ts";
import { hasApproved } from "../tools/permission.ts";
import { type BudgetReason, outputLimit, reachedLimit } from "./budget.ts";
import { withUniqueIds } from "./call-ids.ts";
import { contextOf } from "./context.ts";
import { answered, cancelled, failed, modelFailure, outOfBudget, type RunFailure, type RunState } from "./endings.ts";
import { answerStep } from "./model-step.ts";
import { pause, type RetryPolicy } from "./retry-backoff.ts";
import { RunProgress } from "./run-progress.ts";
import { endingIfCancelled } from "./parked-ending.ts";
import { RunStop } from "./run-stop.ts";
import { shownText } from "./shown-text.ts";
import { StepText } from "./step-text.ts";
import { unreadableReason } from "./unreadable.ts";

export interface AgentRunDeps {
  readonly clientOf: (api: AgentConfig["api"]) => ModelClient;
  /** For traces: who serves the model. */
  readonly provider: string;
  readonly catalog: CatalogCache;
  readonly tools: ToolPhaseDeps;
  readonly states: AgentStates;
  readonly eventLog: EventLog;
  readonly retry: RetryPolicy;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  /** Aborts when this worker must let go of its runs. */
  readonly shutdown: AbortSignal;
}

const LOOK_FOR_TOOLS_MS = 200;

/**
 * One claimed run, from where its journal stands to its ending.
 *
 * A run is a row of steps: a model call, then the tool calls it asked for. Steps and results in the journal are finished
 * and never redone; the step after them is the unfinished one, whose text an earlier attempt may have shown and this one
 * replaces as soon as the model speaks. Open calls of the last finished step come first, whoever left them open.
 */
export class AgentRun {
  readonly #lease: RunLease;
  readonly #agent: AgentConfig;
  readonly #deps: AgentRunDeps;
  readonly #progress: RunProgress;
  readonly #stop: RunStop;
  readonly #unfollow: () => void;
  #hasBegun = false;
  #history: Promise<readonly HistoryRecord[]> | undefined;
  #text: StepText | undefined;
  #request: ModelRequest | undefined;

  constructor(lease: RunLease, agent: AgentConfig, deps: AgentRunDeps) {
    this.#lease = lease;
    this.#agent = agent;
    this.#deps = deps;
    this.#progress = new RunProgress(lease.run.journal);
    const limitMs = agent.budget.seconds_per_run * 1000;
    this.#stop = new RunStop(lease.signal, deps.shutdown, { workedMs: lease.run.workedMs, limitMs });
    this.#unfollow = deps.states.follow(lease.run.agent, (state) => this.#obey(state));
  }

  get #state(): RunState {
    return { run: this.#lease.run, progress: this.#progress, text: this.#text };
  }

  /** Throws RunStopped when the run goes to another worker, and whatever else goes wrong with us rather than the model. */
  async toItsEnd(): Promise<RunEnding | "parked"> {
    const ending = await this.#toItsEnd();
    if (ending !== "parked") this.#text?.keepShown();
    return ending;
  }

  /** The ending of a run that is given up as it stands, before or after `toItsEnd` was tried. */
  async givenUp(error: RunFailure): Promise<RunEnding> {
    try {
      if (!this.#hasBegun) await this.#begin();
      this.#text?.keepShown();
      await this.#abandonCalls({ code: "run_failed", message: "The run was given up before the call went out." });
      return failed(this.#state, error);
    } finally {
      this.#dispose();
    }
  }

  /** What the next attempt goes on counting from. */
  #recordWork(): void {
    this.#lease.record({ workedMs: this.#stop.clock.workedMs });
  }

  #obey(state: AgentState): void {
    const { clock } = this.#stop;
    if (state !== "paused") return clock.go("paused");
    clock.hold("paused");
    this.#recordWork();
  }

  #dispose(): void {
    this.#unfollow();
    this.#stop.dispose();
  }

  async #toItsEnd(): Promise<RunEnding | "parked"> {
    try {
      await this.#begin();
      const unreadable = unreadableReason(this.#lease.run);
      if (unreadable) return failed(this.#state, { ...unreadable, retryable: false });
      return await this.#work();
    } catch (error) {
      this.#countUnfinished();
      if (error instanceof ModelCallFailed) return failed(this.#state, modelFailure(error));
      // An abort may surface as another error first: what cut the run short is what counts.
      if (this.#stop.reason === "cancelled") return await this.#cutShort("cancelled");
      if (this.#stop.reason === "budget_seconds") return await this.#cutShort("budget_seconds");
      this.#recordWork();
      throw this.#stop.signal.aborted && this.#stop.reason !== "failure" ? this.#stop.signal.reason : error;
    } finally {
      this.#dispose();
    }
  }

  async #begin(): Promise<void> {
    this.#hasBegun = true;
    const { run } = this.#lease;
    if (run.isContinued) return;
    const step = this.#progress.nextStep;
    if (!run.isTakeover) {
      this.#lease.append({ event: "run", status: "in_progress", message_id: run.messageId });
      this.#lease.append({ event: "attempt", mode: "start", step, keep_offset: 0, cause: "claim" });
      return;
    }
    const left = await shownText(this.#deps.eventLog, run, step);
    if (left !== undefined) this.#text = new StepText(this.#lease, step, left);
    else this.#lease.append({ event: "attempt", mode: "supersede", step, keep_offset: 0, cause: "takeover" });
  }

  async #work(): Promise<RunEnding | "parked"> {
    this.#history = this.#lease.history();
    // It is waited for where it is said to the model; what ends the run before need not know it.
    this.#history.catch(() => undefined);
    for (;;) {
      await this.#deps.states.whileIn(["paused"], this.#lease.run.agent, this.#stop.signal);
      const limit = reachedLimit(this.#agent, this.#progress);
      if (limit) return this.#outOfBudget(limit);
      const toolbox = await this.#toolbox();
      if ((await this.#runTools(toolbox)) === "parked") return "parked";
      const ending = await this.#runModel(toolbox);
      if (ending) return ending;
    }
  }

  /** What a human approved was on offer then. Where its tool-runner is away, it is waited for: restarts lose no approval. */
  async #toolbox(): Promise<Toolbox> {
    const { catalog, tools } = this.#deps;
    const isWanted = (toolset: string) => mayOffer(this.#agent.tools, toolset);
    let untilMs: number | undefined;
    for (;;) {
      const toolbox = new Toolbox(await catalog.settled(isWanted, this.#stop.signal), this.#agent.tools);
      const missing = this.#progress.openCalls.filter(({ call }) => toolbox.resolve(call.name) === undefined);
      if (missing.length === 0) return toolbox;
      untilMs ??= (await hasApproved(missing, this.#lease.run, tools.approvals)) ? Date.now() + tools.wait.graceMs : 0;
      if (Date.now() >= untilMs) return toolbox;
      await pause(LOOK_FOR_TOOLS_MS, this.#stop.signal);
    }
  }

  async #runTools(toolbox: Toolbox): Promise<"parked" | "done"> {
    const calls = this.#progress.openCalls;
    if (calls.length === 0) return "done";
    const scope = { lease: this.#lease, agent: this.#agent, progress: this.#progress, stop: this.#stop, toolbox };
    const questions = await settleCalls(calls, scope, this.#deps.tools);
    this.#recordWork();
    this.#stop.signal.throwIfAborted();
    if (questions.length === 0) return "done";
    const ifCancelled = endingIfCancelled({ run: this.#lease.run, progress: this.#progress });
    if ((await this.#lease.park({ questions, ifCancelled })) === "parked") return "parked";
    this.#stop.signal.throwIfAborted();
    return "done";
  }

  /** Undefined: the step asked for tools. */
  async #runModel(toolbox: Toolbox): Promise<RunEnding | undefined> {
    await this.#deps.states.whileIn(["paused"], this.#lease.run.agent, this.#stop.signal);
    const step = this.#progress.nextStep;
    const [steered, history = []] = await Promise.all([this.#lease.beginStep(step), this.#history]);
    this.#progress.setSteered(step, steered);
    this.#stop.signal.throwIfAborted();
    const request = this.#nextRequest(toolbox, history);
    const text = (this.#text ??= new StepText(this.#lease, step));
    this.#request = request;
    const { clientOf, provider, retry, metrics, logger } = this.#deps;
    const client = clientOf(this.#agent.api);
    const scope = { lease: this.#lease, stop: this.#stop };
    const end = await answerStep(request, text, scope, { client, provider, retry, metrics, logger });
    const usage = end.usage ?? estimateUsage(request, outputCharacters(text.shown, end));
    if (asksForTools(end)) {
      this.#closeStep(text, end, usage);
      return undefined;
    }
    text.close({ announce: this.#progress.steps.length > 0 });
    this.#progress.addUsage(usage);
    this.#request = undefined;
    const isCutByBudget = end.finishReason === "length" && request.maxOutputTokens < this.#agent.max_output_tokens;
    return isCutByBudget ? outOfBudget(this.#state, "budget_tokens") : answered(this.#state, end.finishReason);
  }

  #nextRequest(toolbox: Toolbox, history: readonly HistoryRecord[]): ModelRequest {
    const { model, instructions, temperature } = this.#agent;
    return {
      model,
      instructions,
      messages: contextOf(history, this.#lease.run.envelope.content, this.#progress),
      tools: toolbox.modelTools,
      maxOutputTokens: outputLimit(this.#agent, this.#progress),
      ...(temperature === undefined ? {} : { temperature }),
    };
  }

  #closeStep(text: StepText, end: ModelEnd, usage: ReturnType<typeof estimateUsage>): void {
    const said = text.close({ announce: false });
    const step = {
      step: text.step,
      text: said,
      calls: withUniqueIds(end.calls, this.#progress),
      usage,
      created_at: new Date().toISOString(),
      ...(end.provider === undefined ? {} : { provider: end.provider }),
    };
    const text_sha256 = createHash("sha256").update(said).digest("hex");
    this.#lease.append(
      { event: "step", step: text.step, text: said, text_sha256, finish_reason: "tool_calls" },
      { step, workedMs: this.#stop.clock.workedMs },
    );
    this.#progress.addStep(step);
    this.#text = undefined;
  }

  /** An answer that was cut off has cost something, whoever cut it. */
  #countUnfinished(): void {
    if (this.#request === undefined || !this.#text?.isKnown) return;
    this.#progress.addUsage(estimateUsage(this.#request, this.#text.shown.length));
  }

  async #outOfBudget(reason: BudgetReason): Promise<RunEnding> {
    await this.#abandonCalls({ code: reason, message: "The run reached a limit before the call went out." });
    return outOfBudget(this.#state, reason);
  }

  async #cutShort(reason: "cancelled" | "budget_seconds"): Promise<RunEnding> {
    await this.#abandonCalls({ code: reason, message: "The run was stopped before the call went out." });
    return reason === "cancelled" ? cancelled(this.#state) : outOfBudget(this.#state, reason);
  }

  #abandonCalls(why: Abandonment): Promise<void> {
    return abandonCalls({ lease: this.#lease, progress: this.#progress }, this.#deps.tools, why);
  }
}

/** Calls in an answer that was cut off may be cut themselves: they are not run. */
function asksForTools(end: ModelEnd): boolean {
  return end.calls.length > 0 && end.finishReason !== "length" && end.finishReason !== "content_filter";
}

function outputCharacters(text: string, end: ModelEnd): number {
  return text.length + end.calls.reduce((sum, call) => sum + call.name.length + call.arguments.length, 0);
}
