import { createRedisBus } from "@holdfast/bus";
import { type Check, exitOnConfigError, Lifecycle, startAdminServer, watchReadiness } from "@holdfast/runtime";
import { createLogger, createMetrics, startTracing } from "@holdfast/telemetry";
import { readConfig } from "./config.ts";
import { toolRunnerMetrics } from "./serve/metrics.ts";
import { startToolRunner } from "./tool-runner.ts";

const config = await exitOnConfigError(() => readConfig());
const logger = createLogger({ service: "tool-runner", level: config.logLevel });
const lifecycle = new Lifecycle();

await lifecycle.run(
  async () => {
    const tracing = await startTracing({ service: "holdfast-tool-runner" });
    lifecycle.own("tracing", () => tracing.shutdown());
    const metrics = createMetrics({ service: "tool-runner" });

    const bus = createRedisBus({
      url: config.redisUrl,
      retention: { conversationTtlMs: config.conversationTtlMs },
      onTrouble: (message, error) => logger.warn(message, { error }),
    });
    lifecycle.own("bus", () => bus.close());

    let parts: readonly Check[] = [];
    const ready = async (): Promise<Check[]> => {
      await bus.check();
      return [{ name: "redis", ok: true }, ...parts];
    };
    const admin = await startAdminServer({ port: config.adminPort, host: config.adminHost, ready, metrics });
    lifecycle.own("admin server", () => admin.close());
    lifecycle.own("readiness log", watchReadiness(ready, logger));

    const started = await startToolRunner({ config, bus, lifecycle, logger, metrics: toolRunnerMetrics(metrics) });
    parts = started.checks;
    return { toolsets: started.toolsets, admin_port: admin.port, instance: bus.instance };
  },
  {
    logger,
    shutdownMs: config.shutdownMs,
    ready: (fields) => logger.info("ready", fields),
  },
);
