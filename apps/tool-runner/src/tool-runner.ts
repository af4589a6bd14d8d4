import { AgentStates, type Bus, type WorkQueue } from "@holdfast/bus";
import { type HoldfastConfig, TOOL_RUNNERS_GROUP } from "@holdfast/protocol";
import { type Check, createReload, type Lifecycle } from "@holdfast/runtime";
import type { Logger } from "@holdfast/telemetry";
import type { ToolRunnerConfig } from "./config.ts";
import { createMcpHost, type McpHost } from "./mcp/host.ts";
import { McpExecutor } from "./serve/mcp-executor.ts";
import type { ToolRunnerMetrics } from "./serve/metrics.ts";
import { Offers } from "./serve/offers.ts";
import { RunningCalls } from "./serve/running-calls.ts";
import { ServeLoop } from "./serve/serve-loop.ts";
import { openTerminal } from "./serve/open-terminal.ts";
import { Toolsets } from "./serve/toolsets.ts";

/** Of the time allowed for shutdown, what is left for ending servers and connections. */
const CLOSING_MS = 4_000;

export interface ToolRunnerParts {
  readonly config: ToolRunnerConfig;
  readonly bus: Bus;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly metrics: ToolRunnerMetrics;
}

/** Puts the toolsets, the queue and the catalog together and starts serving. Resolves when calls are taken. */
export async function startToolRunner({
  config,
  bus,
  lifecycle,
  logger,
  metrics,
}: ToolRunnerParts): Promise<{ toolsets: string[]; checks: readonly Check[] }> {
  const { mcpServers } = config.holdfast;
  let { agents } = config.holdfast;
  const terminal = await openTerminal({ config, bus, lifecycle, logger });
  const { baseDir, toolUid, questionExpiryMs } = config;
  const settings = { servers: mcpServers, baseDir, toolUid, questionExpiryMs, logger };
  const host = createMcpHost({ ...settings, onCatalogChange: () => offers.publish() });
  lifecycle.own("MCP servers", () => host.close());
  const toolsets = new Toolsets(terminal?.executor, new McpExecutor(host), Object.keys(mcpServers));

  const offers = new Offers(bus.catalog, toolsets.executors, logger);
  lifecycle.own("catalog", () => offers.stop());
  lifecycle.own("presence", await bus.presence.join("tool-runner", () => toolsets.names));

  const running = new RunningCalls();
  const queue = bus.queues.open({ topics: toolsets.topics, group: TOOL_RUNNERS_GROUP });
  const apply = (file: HoldfastConfig) => {
    agents = file.agents;
    return takeOver(file, { states, toolsets, queue, host, offers });
  };
  const reload = createReload({ logger, read: config.readFile, apply });
  const states = new AgentStates({
    control: bus.control,
    agents: Object.keys(agents),
    onCommand(_agent, command) {
      running.obey(command);
      if (command.type === "reload") void reload();
      if (command.type === "restart" && command.toolset !== undefined) void host.restart(command.toolset);
    },
  });
  await states.start();
  lifecycle.own("control", () => states.stop());
  const context = {
    journal: bus.toolJournal,
    queue,
    running,
    states,
    permissions: { approvals: bus.approvals, agents: () => agents },
    questions: { approvals: bus.approvals, expiryMs: questionExpiryMs },
    stopping: lifecycle.signal,
    metrics,
    logger,
    executorOf: (toolset: string) => toolsets.executorOf(toolset),
  };
  const loop = new ServeLoop(context, { concurrency: config.concurrency });
  lifecycle.own("calls", () => loop.stop(Math.max(0, config.shutdownMs - CLOSING_MS)));

  loop.start();
  terminal?.start();
  // Servers come up in the background: a slow or broken one must not keep the others' calls waiting.
  void host.start();
  await offers.start();
  return { toolsets: toolsets.names, checks: terminal ? [terminal.check] : [] };
}

interface Reloaded {
  readonly states: AgentStates;
  readonly toolsets: Toolsets;
  readonly queue: WorkQueue;
  readonly host: McpHost;
  readonly offers: Offers;
}

/** What a changed file changes here. The terminal's settings are read at the start only. */
async function takeOver(file: HoldfastConfig, { states, toolsets, queue, host, offers }: Reloaded): Promise<void> {
  await states.add(Object.keys(file.agents));
  const removed = toolsets.replaceServers(Object.keys(file.mcpServers));
  queue.setTopics(toolsets.topics);
  // Not waited for: a server that is slow to start is offered as starting meanwhile.
  void host.reload(file.mcpServers);
  await offers.withdraw(removed);
}
