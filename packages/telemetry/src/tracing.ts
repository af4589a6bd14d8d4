import { diag, DiagLogLevel } from "@opentelemetry/api";
import { tracingConfig } from "./config.ts";
import type { Logger } from "./logger.ts";

/*
 * Traces leave over OTLP/HTTP, and only when an endpoint is configured. The SDK is loaded on demand: it costs a service
 * without tracing neither start-up time nor memory. A collector that is down or slow costs a log line a minute and at
 * most SHUTDOWN_MS when the process ends.
 */

const SHUTDOWN_MS = 2_000;
const COMPLAINT_EVERY_MS = 60_000;

export interface Tracing {
  /** False without an endpoint, or with OTEL_SDK_DISABLED. */
  readonly isOn: boolean;
  /** Sends what is still buffered, for at most two seconds. Never rejects. */
  shutdown(): Promise<void>;
}

/** Starts tracing as the OTEL_* environment says. Never rejects: a service runs without traces rather than not at all. */
export async function startTracing({ service, logger }: { service: string; logger?: Logger }): Promise<Tracing> {
  const config = tracingConfig(service);
  if (!config.isOn) return { isOn: false, shutdown: async () => {} };
  try {
    const sdk = await buildSdk(config.serviceName, config.hasOwnDetectors);
    if (logger) complainTo(logger);
    sdk.start();
    return { isOn: true, shutdown: () => atMost(SHUTDOWN_MS, sdk.shutdown()) };
  } catch (error) {
    logger?.warn("tracing is off: it did not start", { error });
    return { isOn: false, shutdown: async () => {} };
  }
}

async function buildSdk(serviceName: string | undefined, hasOwnDetectors: boolean) {
  const [{ NodeSDK }, { OTLPTraceExporter }, resources] = await Promise.all([
    import("@opentelemetry/sdk-node"),
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
  ]);
  return new NodeSDK({
    ...(serviceName === undefined ? {} : { serviceName }),
    traceExporter: new OTLPTraceExporter(),
    // The SDK's default also reports the process's full command line, which may hold secrets.
    ...(hasOwnDetectors
      ? {}
      : { resourceDetectors: [resources.serviceInstanceIdDetector, resources.hostDetector, resources.envDetector] }),
    // Logs go to stdout and metrics are scraped.
    logRecordProcessors: [],
    metricReaders: [],
    instrumentations: [],
  });
}

const ignore = () => {};

function complainTo(logger: Logger): void {
  let quietUntil = 0;
  const complain = (message: string) => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + COMPLAINT_EVERY_MS;
    logger.warn("traces are not being exported", { reason: message });
  };
  const sink = { error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(sink, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), deadline]);
  clearTimeout(timer);
}
