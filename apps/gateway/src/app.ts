import type { Bus } from "@holdfast/bus";
import type { Check } from "@holdfast/runtime";
import type { Logger, Metrics } from "@holdfast/telemetry";
import express, { type ErrorRequestHandler, type Express } from "express";
import { mountRoutes } from "./http/mount.ts";
import { guardOrigins, type OriginRules } from "./http/origins.ts";
import { createBodyReader } from "./http/read-body.ts";
import { refuse, type Route } from "./http/route.ts";
import { securityHeaders } from "./http/security-headers.ts";
import { sendReply } from "./http/send-reply.ts";
import { replyToThrown } from "./http/thrown.ts";
import { agentRoutes } from "./routes/agents.ts";
import { approvalRoutes } from "./routes/approvals.ts";
import { conversationRoutes } from "./routes/conversations.ts";
import { deadLetterRoutes } from "./routes/dead-letters.ts";
import { fileRoutes } from "./routes/files.ts";
import { healthRoutes } from "./routes/health.ts";
import { messageRoutes } from "./routes/messages.ts";
import { openApiRoute } from "./routes/openapi.ts";
import { pageRoutes, serveAssets } from "./routes/page.ts";
import { runRoutes } from "./routes/runs.ts";
import { compoundStreamRoutes } from "./routes/compound-stream.ts";
import { streamRoutes } from "./routes/stream.ts";
import { type ConfiguredToolset, toolRoutes } from "./routes/tools.ts";
import type { Streams } from "./sse/streams.ts";

export interface AppOptions {
  readonly bus: Bus;
  readonly streams: Streams;
  readonly agents: ReadonlySet<string>;
  readonly toolsets: readonly ConfiguredToolset[];
  readonly isDemo: boolean;
  readonly readiness: () => Promise<readonly Check[]>;
  readonly isStopping: () => boolean;
  readonly origins: OriginRules;
  readonly maxBodyBytes: number;
  readonly webDir: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Every route of the gateway (protocol §4). */
function routesOf(options: AppOptions): readonly Route[] {
  const { bus, streams, agents, isStopping } = options;
  const { conversations, eventLog, control, presence, queues } = bus;
  const routes = [
    ...healthRoutes(options.readiness),
    ...conversationRoutes({ conversations, eventLog }),
    ...messageRoutes({ conversations, agents }),
    ...streamRoutes({ ...streams.deps, isStopping }),
    ...compoundStreamRoutes({ ...streams.deps, isStopping }),
    ...runRoutes(conversations),
    ...approvalRoutes(bus.approvals),
    ...agentRoutes({ agents, control, presence, queues, isDemo: options.isDemo }),
    ...deadLetterRoutes(bus.deadLetters),
    ...fileRoutes(conversations, bus.files),
    ...toolRoutes({ catalog: bus.catalog, configured: options.toolsets, control, agents }),
    ...pageRoutes(options.webDir),
  ];
  return [...routes, openApiRoute(routes)];
}

export function createApp(options: AppOptions): Express {
  const { logger, metrics } = options;
  const app = express();
  app.disable("x-powered-by");
  // Answers of the API are not stored, so there is nothing to compare them with.
  app.set("etag", false);
  app.use(securityHeaders);
  app.use(guardOrigins(options.origins));
  mountRoutes(app, routesOf(options), {
    readBody: createBodyReader(options.maxBodyBytes),
    logger,
    requests: metrics.counter("holdfast_http_requests_total", "Requests answered", ["method", "route", "status"]),
  });
  serveAssets(app, options.webDir);
  app.use((request, response) => {
    sendReply(response, refuse("not_found", "There is nothing at this address."), request.method === "HEAD");
  });
  app.use(answerThrown(logger));
  return app;
}

/** What Express itself throws, as for an address that cannot be decoded. It is told apart by its four parameters. */
function answerThrown(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    if (response.headersSent) response.destroy();
    else sendReply(response, replyToThrown(error, logger));
  };
}
