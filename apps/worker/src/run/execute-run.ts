import { BusUnavailable, Fenced, type RunEnding, type RunLease } from "@holdfast/bus";
import type { AgentConfig } from "@holdfast/protocol";
import { type Logger, type TraceSpan, withSpan } from "@holdfast/telemetry";
import { AgentRun, type AgentRunDeps } from "./agent-run.ts";
import type { GivenUp, RunResult } from "./run-result.ts";
import { RunStopped } from "./run-stop.ts";

/** After this many failures of ours a run ends `failed` and its message goes to the dead letters (protocol §2.4). */
const MOST_FAILURES = 3;

/** Workers that died with a run in hand: after so many that had no other it is the one that kills them (see `deaths`). */
const MOST_DEATHS_ALONE = 3;
const MOST_DEATHS = 20;

/**
 * Brings a claimed run to an end, or gives it back: whatever happens, the lease is finished, released or lost when this
 * returns, because a lease kept by a living worker that no longer works on it would hold its conversation up for ever.
 */
export async function executeRun(lease: RunLease, agent: AgentConfig, deps: AgentRunDeps): Promise<RunResult> {
  return observed(lease, agent, deps, async (agentRun, telemetry) => {
    try {
      if (killsWorkers(lease)) return await finish(lease, await agentRun.givenUp(WORKERS_DIED), telemetry);
      const ending = await agentRun.toItsEnd();
      if (ending !== "parked") return await finish(lease, ending, telemetry);
      telemetry.log({ status: "parked" });
      return { outcome: "parked" };
    } catch (error) {
      return await giveBack(lease, agentRun, error, telemetry);
    }
  });
}

/** Ends a run that cannot be executed here, `failed`, with whatever text it has shown. */
export async function giveUpRun(lease: RunLease, agent: AgentConfig, deps: AgentRunDeps): Promise<RunResult> {
  const error = { code: "internal" as const, message: "The run could not be handled.", retryable: true };
  return observed(lease, agent, deps, async (agentRun, telemetry) =>
    finish(lease, await agentRun.givenUp(error), telemetry),
  );
}

/** In a span and with a logger of the run's own. */
async function observed(
  lease: RunLease,
  agent: AgentConfig,
  deps: AgentRunDeps,
  work: (agentRun: AgentRun, telemetry: Telemetry) => Promise<RunResult>,
): Promise<RunResult> {
  const { run } = lease;
  const logger = deps.logger.child({ run_id: run.id, conversation_id: run.conversationId, agent: run.agent });
  const attributes = {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.provider.name": deps.provider,
    "gen_ai.agent.name": run.agent,
    "gen_ai.conversation.id": run.conversationId,
    "gen_ai.request.model": agent.model,
    "holdfast.run_id": run.id,
    "holdfast.attempt": run.attempt,
  };
  const options = { kind: "consumer" as const, attributes, parent: run.trace };
  return withSpan(`invoke_agent ${run.agent}`, options, async (span) => {
    if (!run.isTakeover) deps.metrics.runsStarted.inc({ agent: run.agent });
    const beganAtMs = performance.now();
    const agentRun = new AgentRun(lease, agent, { ...deps, logger });
    const log = (fields: object) =>
      logger.info("run", { attempt: lease.attempt, duration_ms: Math.round(performance.now() - beganAtMs), ...fields });
    return work(agentRun, { deps, span, log, logger });
  });
}

interface Telemetry {
  readonly deps: AgentRunDeps;
  readonly span: TraceSpan;
  readonly logger: Logger;
  /** The one line that sums the run up. */
  readonly log: (fields: object) => void;
}

async function finish(lease: RunLease, ending: RunEnding, { deps, span, log }: Telemetry): Promise<RunResult> {
  const givenUp = givenUpBy(ending);
  const isLast = (await lease.finish(givenUp ? { ...ending, givenUp } : ending)) === "last";
  const { agent } = lease.run;
  const { status, reason, error, usage } = ending;
  const steps = ending.history.filter(({ model }) => model?.role === "assistant").length;
  log({ status, reason, steps, usage, ...(error ? { error_code: error.code } : {}) });
  span.setAttributes({
    "holdfast.run.status": status,
    "gen_ai.usage.input_tokens": usage.input_tokens,
    "gen_ai.usage.output_tokens": usage.output_tokens,
  });
  if (status !== "failed" || !error) {
    deps.metrics.runsCompleted.inc({ agent, status });
    return { outcome: "ended", isLast };
  }
  span.fail(new Error(error.code));
  deps.metrics.runsErrored.inc({ agent });
  return { outcome: "ended", isLast, ...(givenUp ? { giveUp: givenUp } : {}) };
}

/** A message that might succeed another time belongs to the dead letters. */
function givenUpBy({ status, error }: RunEnding): GivenUp | undefined {
  if (status !== "failed" || !error?.retryable) return undefined;
  return { code: error.code, message: error.message };
}

async function giveBack(lease: RunLease, agentRun: AgentRun, error: unknown, to: Telemetry): Promise<RunResult> {
  if (isLost(error)) {
    to.log({ status: "lost" });
    return { outcome: "lost" };
  }
  try {
    if (error instanceof RunStopped || error instanceof BusUnavailable) {
      await lease.release();
      to.log({ status: "released" });
      return { outcome: "released" };
    }
    to.logger.error("run failed", { error, failures: lease.run.failures + 1 });
    to.span.fail(error);
    if (lease.run.failures + 1 < MOST_FAILURES) return { outcome: "failed", failures: await lease.fail() };
    return await finish(lease, await agentRun.givenUp(INTERNAL), to);
  } catch (later) {
    if (isLost(later)) return { outcome: "lost" };
    // Whether it was released is not known: whoever claims next finds out.
    if (later instanceof BusUnavailable) return { outcome: "released" };
    throw later;
  }
}

/** Whoever went on trying would go on dying. */
function killsWorkers({ run: { deaths } }: RunLease): boolean {
  return deaths.alone >= MOST_DEATHS_ALONE || deaths.inARow >= MOST_DEATHS;
}

const WORKERS_DIED = {
  code: "workers_died" as const,
  message: "The run was given up: every worker that worked on it died.",
  retryable: true,
};

const INTERNAL = {
  code: "internal" as const,
  message: `The run was given up after ${MOST_FAILURES} internal errors.`,
  retryable: true,
};

function isLost(error: unknown): boolean {
  return error instanceof Fenced || (error instanceof RunStopped && error.reason === "fenced");
}
