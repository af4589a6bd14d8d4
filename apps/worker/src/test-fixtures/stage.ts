import { type Bus, type BusOptions, createRedisBus } from "@holdfast/bus";
import { AgentConfig } from "@holdfast/protocol";
import { type ScriptedModel, startRedis, startScriptedModel, type TestRedis } from "@holdfast/testing";
import { createLogger, createMetrics, type Metrics } from "@holdfast/telemetry";
import { PassThrough } from "node:stream";
import { startWorker, type WorkerOptions } from "../app.ts";
import { openModels, type ProviderSettings } from "../model/open-model.ts";
import { redisCommand } from "./redis-command.ts";
import { Talk } from "./talk.ts";
import { type DoubledTool, ToolRunnerDouble } from "./tool-runner-double.ts";

export interface StagedWorker {
  readonly metrics: Metrics;
  /** JSON lines it logged. */
  readonly log: () => Record<string, unknown>[];
  stop(finishMs?: number): Promise<void>;
}

/** A real Redis and a scripted model, and the worker composed over them as main.ts does. */
export class Stage {
  readonly redis: TestRedis;
  readonly model: ScriptedModel;
  /** For looking on: it takes no work. */
  readonly bus: Bus;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(redis: TestRedis, model: ScriptedModel) {
    this.redis = redis;
    this.model = model;
    this.bus = createRedisBus({ url: redis.url });
  }

  static async open(): Promise<Stage> {
    return new Stage(await startRedis(), await startScriptedModel());
  }

  talk(): Talk {
    return new Talk(this.bus);
  }

  /** Clients of the scripted model. */
  clients(settings: Partial<ProviderSettings> = {}): WorkerOptions["clientOf"] {
    return openModels({ baseUrl: this.model.url, idleMs: 30_000, ...settings });
  }

  /** `url` is another Redis than the stage's own. */
  async worker(
    agent: Partial<AgentConfig> = {},
    more: Partial<WorkerOptions> = {},
    url = this.redis.url,
    retention?: BusOptions["retention"],
  ): Promise<StagedWorker> {
    const bus = createRedisBus({ url, ...(retention ? { retention } : {}) });
    const metrics = createMetrics({ service: "worker", withProcess: false });
    const destination = new PassThrough();
    const lines: string[] = [];
    destination.on("data", (chunk: Buffer) => lines.push(...chunk.toString().trim().split("\n")));
    const agents = { assistant: AgentConfig.parse({ model: "scripted-model", approvals: { "*": "never" }, ...agent }) };
    const worker = await startWorker({
      bus,
      agents,
      readAgents: () => agents,
      clientOf: this.clients(),
      provider: "scripted",
      logger: createLogger({ service: "worker", level: "debug", destination }),
      metrics,
      concurrency: 16,
      retry: { retries: 3, baseMs: 10 },
      upkeepEveryMs: 100,
      strandedMs: 30_000,
      approvalExpiryMs: 60_000,
      wait: { graceMs: 500, lookEveryMs: 50, deadRunnerMs: 300, noRunnerMs: 60_000, cancelMs: 500 },
      ...more,
    });
    let stopped: Promise<void> | undefined;
    const stop = async (finishMs: number) => {
      await worker.stop(finishMs);
      await bus.close();
    };
    const staged: StagedWorker = {
      metrics,
      log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
      stop: (finishMs = 0) => (stopped ??= stop(finishMs)),
    };
    this.#closers.push(() => staged.stop());
    return staged;
  }

  async toolRunner(
    toolset: string,
    tools: Readonly<Record<string, DoubledTool>>,
    offer: Parameters<ToolRunnerDouble["start"]>[0] = {},
  ): Promise<ToolRunnerDouble> {
    const bus = createRedisBus({ url: this.redis.url });
    const runner = await new ToolRunnerDouble(bus, toolset, tools).start(offer);
    this.#closers.push(async () => {
      await runner.stop();
      await bus.close();
    });
    return runner;
  }

  /** The fields of each entry of a stream, as any program would read them. */
  async entries(topic: string): Promise<Record<string, string>[]> {
    const reply = (await redisCommand(this.redis.port, "XRANGE", topic, "-", "+")) as [string, string[]][];
    return reply.map(([, fields]) =>
      Object.fromEntries(Array.from({ length: fields.length / 2 }, (_, at) => [fields[2 * at], fields[2 * at + 1]])),
    );
  }

  /** Ends the workers and tool-runners and empties Redis, for the next test. */
  async clear(): Promise<void> {
    await Promise.all(this.#closers.splice(0).map((close) => close()));
    this.model.reset();
    await redisCommand(this.redis.port, "FLUSHALL");
  }

  async close(): Promise<void> {
    await this.clear();
    await this.bus.close();
    await this.model.stop();
    await this.redis.stop();
  }
}
