import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { listen } from "./listen.ts";
import { type Check, examine, type Readiness } from "./readiness.ts";

/*
 * What operators and orchestrators ask a service, on a port of its own that is never published:
 *   GET /health   200 while the process is alive, whatever it depends on: restarting it would not bring Redis back
 *   GET /ready    200 when every check passes, else 503; the body names each check
 *   GET /metrics  Prometheus' text format
 */

export interface AdminServerOptions {
  /** 0 = no admin server. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Asked at every `/ready`; what it throws, or more than two seconds, counts as a failed check. */
  readonly ready: Readiness;
  readonly metrics: { render(): Promise<string>; readonly contentType?: string };
}

export interface AdminServer {
  /** The port in use, 0 when off. */
  readonly port: number;
  /** Ends at once, open connections included. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Throws ListenError when the address cannot be had. */
export async function startAdminServer({
  port,
  host = "127.0.0.1",
  ready,
  metrics,
}: AdminServerOptions): Promise<AdminServer> {
  if (port === 0) return { port: 0, close: async () => {} };
  const routes: Readonly<Record<string, () => Promise<Answer>>> = {
    "/health": async () => json(200, { status: "ok" }),
    "/ready": async () => readiness(await examine(ready)),
    "/metrics": async () => ({
      status: 200,
      type: metrics.contentType ?? "text/plain; version=0.0.4; charset=utf-8",
      body: await metrics.render(),
    }),
  };
  const server = createServer((request, response) => void respond(request, response, routes));
  const bound = await listen(server, { host, port, setting: "ADMIN_PORT" });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port: bound, close };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Readonly<Record<string, () => Promise<Answer>>>,
): Promise<void> {
  const answer = await answerTo(request, routes);
  response.writeHead(answer.status, { "content-type": answer.type, "cache-control": "no-store" });
  response.end(request.method === "HEAD" ? undefined : answer.body);
}

async function answerTo(
  request: IncomingMessage,
  routes: Readonly<Record<string, () => Promise<Answer>>>,
): Promise<Answer> {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return problem(404, "no such route");
  if (request.method !== "GET" && request.method !== "HEAD") return problem(405, "only GET is answered here");
  try {
    return await route();
  } catch {
    return problem(500, "the service could not answer");
  }
}

function readiness(checks: readonly Check[]): Answer {
  const isReady = checks.every((check) => check.ok);
  return json(isReady ? 200 : 503, { status: isReady ? "ok" : "unavailable", checks });
}

function json(status: number, body: unknown): Answer {
  return { status, type: "application/json; charset=utf-8", body: JSON.stringify(body) };
}

function problem(status: number, title: string): Answer {
  return {
    status,
    type: "application/problem+json; charset=utf-8",
    body: JSON.stringify({ type: "about:blank", title, status }),
  };
}
