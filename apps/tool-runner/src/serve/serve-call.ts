import { setTimeout as delay } from "node:timers/promises";
import type { AgentStates, CallState, Entry, ToolJournal, WorkQueue } from "@holdfast/bus";
import type { ToolCall, ToolResult } from "@holdfast/protocol";
import { type Logger, withSpan } from "@holdfast/telemetry";
import { type AuthorizeDeps, refusalOf } from "./authorize.ts";
import { CallQuestions, type QuestionLimits } from "./call-questions.ts";
import type { Executor, Outcome } from "./executor.ts";
import type { ToolRunnerMetrics } from "./metrics.ts";
import type { Place } from "./place.ts";
import type { RunningCalls } from "./running-calls.ts";

/*
 * One call of `tools:<toolset>` that has a place here, until its acknowledgement. The journal is written before anything
 * runs, so a call that is delivered twice runs once: whoever finds it started by a runner that died says `unknown`, because
 * nobody can tell what the tool did. A runner on a busy machine looks dead as well, and what it still answers is worth more
 * than `unknown`: so it is given some time to come back. The entry is acknowledged only after the result is durable.
 */

/** A runner is thought dead after 2.5 s without a beat; protocol §2.7 wants the answer within 20 s. */
const LATE_RUNNER_MS = 2_500;
const LOOK_AGAIN_MS = 250;

export interface ServeContext {
  readonly journal: ToolJournal;
  readonly queue: WorkQueue;
  readonly running: RunningCalls;
  readonly metrics: ToolRunnerMetrics;
  readonly states: AgentStates;
  /** The rules by which a call needs a human's approval, and where to find what humans have said. */
  readonly permissions: AuthorizeDeps;
  /** Where to find what humans answer to the questions of servers, and how long they may take. */
  readonly questions: QuestionLimits;
  /** Aborts when no further call may begin here. */
  readonly stopping: AbortSignal;
  readonly logger: Logger;
  /** Who runs the tools of a toolset; undefined where nobody here does. */
  executorOf(toolset: string): Executor | undefined;
}

export interface Serving {
  /** What the call ends with where it is ours to run and cannot be. */
  readonly instead?: Outcome;
  /** Waits for a human in it. */
  readonly whileAsking?: Place["whileAsking"];
}

export async function serveCall(
  entry: Entry,
  call: ToolCall,
  context: ServeContext,
  serving: Serving = {},
): Promise<void> {
  const result = await answer(entry, call, context, serving);
  if (result) await context.journal.finish(call.conversation_id, entry.id, result);
  await context.queue.ack(entry);
}

export const CANNOT_BEGIN: Outcome = {
  status: "failed",
  content: [{ type: "text", text: "The tool-runner failed before it ran this call." }],
  error: { code: "tool_failed", message: "The tool-runner failed before it ran this call." },
  duration_ms: 0,
};

const GONE = "The tool-runner that ran this call died. Whether the tool did its work is not known.";

export const OUTCOME_UNKNOWN: Outcome = {
  status: "unknown",
  content: [{ type: "text", text: GONE }],
  error: { code: "outcome_unknown", message: GONE },
  duration_ms: 0,
};

export const toolsetOf = (entry: Pick<Entry, "topic">): string => entry.topic.slice("tools:".length);

/** Undefined where somebody else will answer or nobody waits. */
async function answer(
  entry: Entry,
  call: ToolCall,
  context: ServeContext,
  { instead, whileAsking }: Serving,
): Promise<ToolResult | undefined> {
  // A cancel may come as soon as the journal says that the call has begun, which is before we hear that it has.
  const running = context.running.begin(call.run_id, call.tool_call_id);
  try {
    const state = await stateToActOn(entry, call, context);
    if (state.state !== "begun") return settledResult(entry, call, state);
    return instead
      ? resultOf(entry, call, instead)
      : await execute({ entry, call, signal: running.signal, whileAsking }, context);
  } finally {
    running.end();
  }
}

async function stateToActOn(
  entry: Entry,
  call: ToolCall,
  { journal, stopping }: ServeContext,
): Promise<CallState | { readonly state: "begun" }> {
  const deadlineMs = performance.now() + LATE_RUNNER_MS;
  for (;;) {
    const state = await journal.start(call.conversation_id, entry.id);
    const isSilent = state.state === "started" && !state.runnerAlive;
    if (!isSilent || performance.now() >= deadlineMs) return state;
    await delay(LOOK_AGAIN_MS, undefined, { signal: stopping });
  }
}

/** The result of a call that is not ours to run: undefined where there is none to tell. */
function settledResult(entry: Entry, call: ToolCall, state: CallState): ToolResult | undefined {
  if (state.state === "done") return state.result;
  if (state.state !== "started" || state.runnerAlive) return undefined;
  return resultOf(entry, call, OUTCOME_UNKNOWN);
}

async function execute(begun: BegunCall, context: ServeContext): Promise<ToolResult> {
  const { entry, call } = begun;
  const toolset = toolsetOf(entry);
  const logger = context.logger.child({
    run_id: call.run_id,
    conversation_id: call.conversation_id,
    agent: call.agent,
    tool: `${toolset}.${call.name}`,
  });
  const outcome = await withSpan(
    `execute_tool ${call.name}`,
    {
      kind: "consumer",
      parent: entry.trace,
      attributes: {
        "gen_ai.tool.name": call.name,
        "gen_ai.tool.call.id": call.tool_call_id,
        "holdfast.toolset": toolset,
      },
    },
    async (span) => {
      const ended = await run({ ...begun, toolset, trace: span.carrier() }, context);
      if (ended.error) span.setAttribute("error.type", ended.error.code);
      return ended;
    },
  );
  context.metrics.toolCalls.inc({ tool: `${toolset}.${call.name}`, status: outcome.status });
  logger.info("tool call ended", {
    status: outcome.status,
    code: outcome.error?.code,
    duration_ms: outcome.duration_ms,
  });
  return resultOf(entry, call, outcome);
}

interface BegunCall {
  readonly entry: Entry;
  readonly call: ToolCall;
  readonly signal: AbortSignal;
  readonly whileAsking: Serving["whileAsking"];
}

interface TracedCall extends BegunCall {
  readonly toolset: string;
  readonly trace: Entry["trace"];
}

async function run(traced: TracedCall, context: ServeContext): Promise<Outcome> {
  const { entry, call, toolset, signal, trace, whileAsking = (ask) => ask() } = traced;
  const startedAt = performance.now();
  const executor = context.executorOf(toolset);
  if (!executor) return failure("unknown_toolset", `No tool-runner here has the toolset "${toolset}".`, startedAt);
  const questions = new CallQuestions(entry, toolset, call, context);
  // Output is shown while the command runs; a piece that is lost changes nothing, the result has all of it.
  const onOutput = (stream: "stdout" | "stderr", text: string): void => {
    const piece = { event: "tool_output" as const, id: entry.id, tool_call_id: call.tool_call_id, stream, text };
    context.journal.output(call.conversation_id, piece).catch(() => undefined);
  };
  try {
    return await executor.execute({
      toolset,
      name: call.name,
      arguments: call.arguments,
      conversationId: call.conversation_id,
      callId: entry.id,
      timeoutMs: call.timeout_ms,
      signal,
      trace,
      authorize: (tool) => refusalOf(entry, call, tool, context.permissions),
      ask: (form, over) => whileAsking(() => questions.ask(form, over)),
      onOutput,
    });
  } catch (error) {
    context.logger.error("a tool call broke off", { tool: `${toolset}.${call.name}`, run_id: call.run_id, error });
    return failure("tool_failed", "The tool-runner failed while it ran this call.", startedAt);
  }
}

function failure(code: string, message: string, startedAt: number): Outcome {
  return {
    status: "failed",
    content: [{ type: "text", text: message }],
    error: { code, message },
    duration_ms: Math.round(performance.now() - startedAt),
  };
}

function resultOf(entry: Entry, call: ToolCall, outcome: Outcome): ToolResult {
  return { event: "tool_result", id: entry.id, tool_call_id: call.tool_call_id, ...outcome };
}
