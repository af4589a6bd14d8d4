import { once } from "node:events";
import { exitOnConfigError, Lifecycle, listen } from "@holdfast/runtime";
import { createLogger } from "@holdfast/telemetry";
import { readConfig } from "./config.ts";
import { createDemoModel } from "./demo-model.ts";

const config = await exitOnConfigError(() => readConfig());
const logger = createLogger({ service: "demo-model", level: config.logLevel });
const lifecycle = new Lifecycle();

await lifecycle.run(
  async () => {
    const server = createDemoModel({ paceMs: config.paceMs, logger });
    const port = await listen(server, { host: config.host, port: config.port, setting: "DEMO_MODEL_PORT" });
    lifecycle.own("http server", async () => {
      // Answers in progress are finished; connections without one close at once.
      const closed = once(server, "close");
      server.close();
      await closed;
    });
    return port;
  },
  {
    logger,
    shutdownMs: config.shutdownMs,
    ready: (port) => logger.info("ready", { url: `http://${config.host}:${port}/v1`, port }),
  },
);
