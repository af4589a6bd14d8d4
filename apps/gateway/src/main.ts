import { createRedisBus } from "@holdfast/bus";
import { exitOnConfigError, Lifecycle, listen, startAdminServer, watchReadiness } from "@holdfast/runtime";
import { createLogger, createMetrics, startTracing } from "@holdfast/telemetry";
import { createApp } from "./app.ts";
import { loadConfig } from "./config.ts";
import { Configured } from "./configured.ts";
import { registerGauges } from "./gauges.ts";
import { closeHttpServer, createHttpServer } from "./http/server.ts";
import { obeyReload } from "./obey-reload.ts";
import { startOutboxSweeper } from "./outbox-sweeper.ts";
import { readinessOf } from "./routes/health.ts";
import { createStreams } from "./sse/streams.ts";

const config = await exitOnConfigError(() => loadConfig());
const logger = createLogger({ service: "gateway", level: config.logLevel });
const lifecycle = new Lifecycle();

await lifecycle.run(
  async () => {
    const tracing = await startTracing({ service: "gateway", logger });
    lifecycle.own("tracing", () => tracing.shutdown());
    const metrics = createMetrics({ service: "gateway" });

    const bus = createRedisBus({ ...config.redis, onTrouble: (message, error) => logger.warn(message, { error }) });
    lifecycle.own("bus", () => bus.close());
    lifecycle.own("outbox sweeper", startOutboxSweeper(bus, logger));

    const isStopping = () => lifecycle.signal.aborted;
    const readiness = readinessOf(bus, isStopping);
    const streams = createStreams(bus, logger, config.streams);
    const configured = new Configured(config.file);
    const { agents, toolsets } = configured;
    registerGauges(metrics, { queues: bus.queues, agents, toolsets, openStreams: () => streams.size });
    const admin = await startAdminServer({ ...config.admin, ready: readiness, metrics });
    lifecycle.own("admin server", () => admin.close());
    lifecycle.own("readiness log", watchReadiness(readiness, logger));

    lifecycle.own("reload", obeyReload(bus.control, configured, config.readFile, logger));

    const app = createApp({ bus, streams, agents, toolsets, readiness, isStopping, logger, metrics, ...config.app });
    const server = createHttpServer(app);
    const port = await listen(server, { host: config.host, port: config.port, setting: "GATEWAY_PORT" });
    // Half of the time allowed is for readers to leave one by one, the rest for what they leave behind.
    lifecycle.own("http server", () => closeHttpServer(server, () => streams.close(config.shutdownMs / 2)));
    return { port, adminPort: admin.port };
  },
  {
    logger,
    shutdownMs: config.shutdownMs,
    ready: ({ port, adminPort }) => {
      const host = config.host.includes(":") ? `[${config.host}]` : config.host;
      const admin = adminPort === 0 ? {} : { admin_url: `http://${config.admin.host}:${adminPort}` };
      logger.info("ready", { url: `http://${host}:${port}`, port, ...admin });
    },
  },
);
