import type { AgentStates, Bus, RunLease } from "@holdfast/bus";
import { type AgentConfig, chatTopic, type HoldfastConfig, WORKERS_GROUP } from "@holdfast/protocol";
import type { Logger, Metrics } from "@holdfast/telemetry";
import { ActiveRuns } from "./control/active-runs.ts";
import { obeyCommands } from "./control/obey-commands.ts";
import { ServedAgents } from "./control/served-agents.ts";
import { Consumer } from "./intake/consumer.ts";
import { Ward } from "./intake/ward.ts";
import { EntryHandler, type EntryHandlerDeps } from "./intake/entry-handler.ts";
import { watchQueues, workerMetrics } from "./metrics.ts";
import type { ModelClient } from "./model/model-client.ts";
import type { AgentRunDeps } from "./run/agent-run.ts";
import { executeRun, giveUpRun } from "./run/execute-run.ts";
import type { RunResult } from "./run/run-result.ts";
import type { RetryPolicy } from "./run/retry-backoff.ts";
import type { WaitSettings } from "./tools/await-answer.ts";
import { CatalogCache } from "./tools/catalog-cache.ts";
import { startSweeps, type Sweep } from "./upkeep/sweeps.ts";
import { ArgumentChecker } from "./tools/check-arguments.ts";

export interface WorkerOptions {
  readonly bus: Bus;
  readonly agents: HoldfastConfig["agents"];
  /** The agents as they are configured now, for `reload`. Throws ConfigError. */
  readonly readAgents: () => HoldfastConfig["agents"];
  readonly clientOf: (api: AgentConfig["api"]) => ModelClient;
  /** For traces: who serves the models. */
  readonly provider: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Runs at once. */
  readonly concurrency: number;
  readonly retry: RetryPolicy;
  readonly wait: WaitSettings;
  /** Between two looks for what is to be compacted or has expired. */
  readonly upkeepEveryMs: number;
  /** A run that nobody works on is queued again after this, or a little more. */
  readonly strandedMs: number;
  /** How long humans have to approve a call. */
  readonly approvalExpiryMs: number;
}

export interface Worker {
  /** Runs in work now. */
  activeRuns(): number;
  /**
   * Stops reading, lets runs finish for `finishMs`, then gives the rest up for others to take. Resolves when nothing is
   * left in our hands.
   */
  stop(finishMs: number): Promise<void>;
}

/** Joins the workers of these agents. The bus stays the caller's to close. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { bus, logger } = options;
  const served = new ServedAgents(options.agents);
  const draining = new AbortController();
  const lettingGo = new AbortController();
  const active = new ActiveRuns();
  const queue = bus.queues.open({ topics: served.names.map(chatTopic), group: WORKERS_GROUP });
  const states = obeyCommands({ bus, queue, served, active, logger, readAgents: options.readAgents });
  const executors = executorsOf(options, served, active, states, lettingGo.signal);
  const { conversations, runs } = bus;
  const { signal } = draining;
  const serves = (agent: string) => served.find(agent) !== undefined;
  const handler = new EntryHandler({
    conversations,
    runs,
    queue,
    states,
    ward: new Ward(),
    logger,
    serves,
    ...executors,
    draining: signal,
  });
  const handle = (entry: Parameters<EntryHandler["handle"]>[0]) => handler.handle(entry);
  const consumer = new Consumer({ queue, logger, concurrency: options.concurrency, handle });
  watchQueues(options.metrics, bus.queues, () => served.names);

  // Alive before the first claim: a worker without a beat is robbed of its runs at once. Waits where Redis is not up yet.
  const leave = await bus.presence.join("worker", () => served.names);
  await states.start();
  consumer.start();
  const stopSweeps = startSweeps(sweepsOf(options, served, states), logger);
  return {
    activeRuns: () => active.size,
    async stop(finishMs) {
      draining.abort();
      const late = setTimeout(() => lettingGo.abort(), finishMs);
      await consumer.drain();
      clearTimeout(late);
      await stopSweeps();
      await states.stop();
      await leave();
      await queue.close();
    },
  };
}

function sweepsOf(
  { bus, upkeepEveryMs, strandedMs }: WorkerOptions,
  served: ServedAgents,
  states: AgentStates,
): Sweep[] {
  const requeue = async (): Promise<number> => {
    // What is queued for a paused agent nobody would read.
    const read = served.names.filter((agent) => states.of(agent) !== "paused");
    const whichOf = (agent: string) => (states.of(agent) === "draining" ? "begun" : "any");
    const queued = await Promise.all(read.map((agent) => bus.runs.requeueStranded(agent, strandedMs, whichOf(agent))));
    return queued.reduce((sum, count) => sum + count, 0);
  };
  return [
    { name: "upkeep", everyMs: upkeepEveryMs, run: () => bus.sweepUpkeep() },
    { name: "stranded runs", everyMs: strandedMs / 3, run: requeue },
  ];
}

function executorsOf(
  options: WorkerOptions,
  served: ServedAgents,
  active: ActiveRuns,
  states: AgentStates,
  shutdown: AbortSignal,
): Pick<EntryHandlerDeps, "execute" | "giveUpRun"> {
  const { bus, clientOf, provider, retry, wait, approvalExpiryMs, logger } = options;
  const metrics = workerMetrics(options.metrics);
  const { toolCalls, approvals, control, eventLog } = bus;
  const argumentChecker = new ArgumentChecker();
  const tools = { toolCalls, approvals, approvalExpiryMs, control, states, argumentChecker, metrics, wait };
  const catalog = new CatalogCache(bus.catalog);
  const deps: AgentRunDeps = { clientOf, provider, catalog, tools, states, eventLog, retry, metrics, logger, shutdown };
  const withAgent =
    (work: typeof executeRun) =>
    async (lease: RunLease): Promise<RunResult> => {
      const agent = served.find(lease.run.agent);
      if (agent !== undefined) return active.during(lease, () => work(lease, agent, deps));
      // It was taken out of the configuration a moment ago.
      await lease.release();
      return { outcome: "released" };
    };
  return { execute: withAgent(executeRun), giveUpRun: withAgent(giveUpRun) };
}
