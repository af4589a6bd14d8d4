import { BusUnavailable, type Bus } from "@holdfast/bus";
import { Health, Readiness } from "@holdfast/protocol";
import type { Check } from "@holdfast/runtime";
import { defineRoute, ok, type Route } from "../http/route.ts";

const DETAIL = "It cannot be used now; the gateway's log says why.";

export function healthRoutes(readiness: () => Promise<readonly Check[]>): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/health",
      operationId: "getHealth",
      summary: "The process is alive, also while Redis is away",
      replies: { 200: { description: "Alive", schema: Health } },
      handle: () => ok({ status: "ok" }),
    }),
    defineRoute({
      method: "get",
      path: "/ready",
      operationId: "getReadiness",
      summary: "Whether it can serve, and what is in the way",
      replies: {
        200: { description: "It can serve", schema: Readiness },
        503: { description: "It cannot; the body names the failing checks", schema: Readiness },
      },
      handle: async () => {
        const checks = await readiness();
        const isReady = checks.every((check) => check.ok);
        // Anybody may ask here: what exactly is wrong is told on the admin port and in the log.
        const shown = checks.map((check) => ({
          name: check.name,
          ok: check.ok,
          ...(check.ok ? {} : { detail: DETAIL }),
        }));
        const body = { status: isReady ? "ready" : "not_ready", checks: shown };
        return isReady ? ok(body) : { status: 503, body, headers: { "retry-after": "1" } };
      },
    }),
  ];
}

/** What the gateway needs to serve. Its own shutdown counts, so that balancers stop sending before it stops listening. */
export function readinessOf(bus: Bus, isStopping: () => boolean): () => Promise<readonly Check[]> {
  return async () => [await checkRedis(bus), { name: "accepting", ok: !isStopping() }];
}

async function checkRedis(bus: Bus): Promise<Check> {
  try {
    await bus.check();
    return { name: "redis", ok: true };
  } catch (error) {
    if (!(error instanceof BusUnavailable)) throw error;
    return { name: "redis", ok: false, detail: error.message };
  }
}
