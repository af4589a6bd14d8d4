import { createRedisBus } from "@holdfast/bus";
import { type Check, exitOnConfigError, Lifecycle, startAdminServer, watchReadiness } from "@holdfast/runtime";
import { createLogger, createMetrics, startTracing } from "@holdfast/telemetry";
import { startWorker } from "./app.ts";
import { loadConfig } from "./config.ts";
import { openModels } from "./model/open-model.ts";

/** Of the time allowed for shutdown, what stays for handing runs over and closing after they were let go. */
const HANDOVER_MS = 3_000;

const config = await exitOnConfigError(loadConfig);
const logger = createLogger({ service: "worker", level: config.logLevel });
const lifecycle = new Lifecycle();

await lifecycle.run(
  async () => {
    const tracing = await startTracing({ service: "worker", logger });
    lifecycle.own("tracing", () => tracing.shutdown());
    const metrics = createMetrics({ service: "worker" });

    const bus = createRedisBus({
      url: config.redisUrl,
      retention: config.retention,
      onTrouble: (message, error) => logger.warn(message, { error }),
    });
    lifecycle.own("bus", () => bus.close());

    const ready = async (): Promise<Check[]> => {
      await bus.check();
      return [{ name: "redis", ok: true }];
    };
    const admin = await startAdminServer({ ...config.admin, metrics, ready });
    lifecycle.own("admin server", () => admin.close());
    lifecycle.own("readiness log", watchReadiness(ready, logger));

    if (config.provider.name === "demo") {
      logger.warn("no OPENAI_API_KEY and no OPENAI_BASE_URL: the built-in demo model answers", {
        model_url: config.provider.baseUrl,
      });
    }
    const worker = await startWorker({
      bus,
      agents: config.agents,
      readAgents: config.readAgents,
      clientOf: openModels(config.provider),
      provider: config.provider.name,
      logger,
      metrics,
      concurrency: config.concurrency,
      retry: config.retry,
      wait: config.wait,
      upkeepEveryMs: config.upkeepEveryMs,
      strandedMs: config.strandedMs,
      approvalExpiryMs: config.approvalExpiryMs,
    });
    lifecycle.own("worker", () => worker.stop(Math.max(0, config.shutdownMs - HANDOVER_MS)));
    return { agents: Object.keys(config.agents), admin_port: admin.port, instance: bus.instance };
  },
  { logger, shutdownMs: config.shutdownMs, ready: (started) => logger.info("ready", started) },
);
