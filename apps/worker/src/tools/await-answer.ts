import { setTimeout as delay } from "node:timers/promises";
import type { AskedByCall, CallId, CallState, Control, ToolCalls } from "@holdfast/bus";
import type { ToolResult } from "@holdfast/protocol";
import type { RunStop, RunStopped } from "../run/run-stop.ts";
import { type CallOutcome, notRun, outcomeOf, outcomeUnknown } from "./call-outcome.ts";

/** A call that went out. */
export interface SentCall {
  readonly id: CallId;
  /** Undefined where it is offered no more. */
  readonly toolset: string | undefined;
  readonly conversationId: string;
  readonly runId: string;
  readonly agent: string;
  readonly toolCallId: string;
  readonly timeoutMs: number;
  /** A trusted server says that running it twice does no harm, so another runner may take it up. */
  readonly isRepeatable: boolean;
  /** Told at every look what its server asks humans. */
  readonly questions: { found(asked: AskedByCall): void };
  /** Resolves with the result where one arrives. */
  readonly result: Promise<ToolResult>;
}

export interface WaitSettings {
  /** What a call may take beyond its own timeout: waiting in the queue, and the way back. */
  readonly graceMs: number;
  /** How often the call's state is looked at, in case an answer was missed or a runner died. */
  readonly lookEveryMs: number;
  /** How long another runner may take to answer for a dead one. */
  readonly deadRunnerMs: number;
  /** How long a call stays in the queue of a toolset that no living runner serves: one may be starting. */
  readonly noRunnerMs: number;
  /** How long a runner may take to stop a call. */
  readonly cancelMs: number;
}

/**
 * Waits for the end of a call, which is one of: its result; never begun (we won absent → cancelled); unknown.
 * - While nobody has begun it and no living runner serves its toolset, it has `noRunnerMs`, and not its own timeout.
 * - The time allowed counts anew from the moment a living runner is seen to have begun, and stands still while it waits for a
 *   human.
 * - A dead runner's call may still be answered by another that takes over its queue; after `deadRunnerMs` it is unknown.
 * - When the run is cancelled or out of time, the runner is told, and the call ends `cancelled`. When the run goes to
 *   another worker (RunStopped), nothing is done to the call: that worker finds it.
 */
export async function awaitAnswer(
  call: SentCall,
  ports: { toolCalls: ToolCalls; control: Control },
  settings: WaitSettings,
  stop: RunStop,
): Promise<CallOutcome> {
  const patience = new Patience(call, settings);
  for (;;) {
    const event = await firstOf(call.result, stop.stopped, settings.lookEveryMs);
    if (event instanceof Error) return stopCall(call, ports, settings, event);
    if (event !== "time") return outcomeOf(event);
    const state = await ports.toolCalls.state(call.conversationId, call.id);
    if (state.state === "started") call.questions.found(state.questions);
    const isUnserved =
      state.state === "absent" && call.toolset !== undefined && !(await ports.toolCalls.isServed(call.toolset));
    const end = outcomeOfState(state) ?? patience.judge(state, isUnserved);
    if (end === "give up") return giveUp(call, ports.toolCalls, isUnserved);
    if (end) return end;
  }
}

class Patience {
  readonly #call: SentCall;
  readonly #settings: WaitSettings;
  #untilMs: number;
  #isBegun = false;
  #deadSinceMs: number | undefined;
  /** Counted in looks: a time in which nobody could look, because Redis was away, says nothing about runners. */
  #unservedLooks = 0;

  constructor(call: SentCall, settings: WaitSettings) {
    this.#call = call;
    this.#settings = settings;
    this.#untilMs = Date.now() + call.timeoutMs + settings.graceMs;
  }

  judge(state: CallState, isUnserved: boolean): CallOutcome | "give up" | undefined {
    const now = Date.now();
    if (isAtWork(state) && (!this.#isBegun || state.questions.open.length > 0)) {
      this.#isBegun = true;
      this.#untilMs = now + this.#call.timeoutMs + this.#settings.graceMs;
    }
    const isDead = state.state === "started" && !state.runnerAlive;
    this.#deadSinceMs = isDead ? (this.#deadSinceMs ?? now) : undefined;
    const deadMs = this.#deadSinceMs === undefined ? 0 : now - this.#deadSinceMs;
    if (!this.#call.isRepeatable && deadMs >= this.#settings.deadRunnerMs) {
      return outcomeUnknown("The tool-runner that executed it is gone.");
    }
    return this.#isHopeless(isUnserved) || now >= this.#untilMs ? "give up" : undefined;
  }

  #isHopeless(isUnserved: boolean): boolean {
    this.#unservedLooks = isUnserved ? this.#unservedLooks + 1 : 0;
    return this.#unservedLooks * this.#settings.lookEveryMs >= this.#settings.noRunnerMs;
  }
}

function isAtWork(state: CallState): state is Extract<CallState, { state: "started" }> {
  return state.state === "started" && state.runnerAlive;
}

const TOO_LATE = "No tool-runner took the call in time.";

async function giveUp(call: SentCall, toolCalls: ToolCalls, isUnserved: boolean): Promise<CallOutcome> {
  const state = await toolCalls.giveUp(call.conversationId, call.id);
  const reason = isUnserved ? `No tool-runner that serves "${call.toolset}" is running.` : TOO_LATE;
  if (state.state === "cancelled") return notRun("failed", "tool_unavailable", reason);
  return outcomeOfState(state) ?? outcomeUnknown("The tool did not answer in time.");
}

async function stopCall(
  call: SentCall,
  { toolCalls, control }: { toolCalls: ToolCalls; control: Control },
  settings: WaitSettings,
  stopped: RunStopped,
): Promise<CallOutcome> {
  if (stopped.reason !== "cancelled" && stopped.reason !== "budget_seconds") throw stopped;
  const state = await toolCalls.giveUp(call.conversationId, call.id);
  const settled = outcomeOfState(state);
  if (settled) return settled;
  // Only now: a bell that rings before a runner has begun is heard by none.
  const by = `agent:${call.agent}`;
  await control.send(call.agent, { type: "cancel", run_id: call.runId, tool_call_id: call.toolCallId, by });
  const result = await firstOf(call.result, new Promise<never>(() => {}), settings.cancelMs);
  if (result !== "time") return outcomeOf(result);
  return notRun("cancelled", "cancelled", "It was cancelled while it ran, and may have taken effect.");
}

/** The end that a call's state tells by itself. */
function outcomeOfState(state: CallState): CallOutcome | undefined {
  if (state.state === "done") return outcomeOf(state.result);
  if (state.state === "cancelled") return notRun("cancelled", "cancelled", "It was cancelled before it began.");
  return undefined;
}

async function firstOf<Event>(
  result: Promise<ToolResult>,
  other: Promise<Event>,
  ms: number,
): Promise<ToolResult | Event | "time"> {
  const over = new AbortController();
  const time = delay(ms, "time" as const, { signal: over.signal }).catch(() => "time" as const);
  try {
    return await Promise.race([result, other, time]);
  } finally {
    over.abort();
  }
}
