import { afterEach, describe, expect, it } from "@jest/globals";
import { freePort } from "@holdfast/testing";
import { once } from "node:events";
import { connect } from "node:net";
import { startAdminServer } from "./admin-server.ts";
import type { AdminServer, AdminServerOptions } from "./admin-server.ts";
import type { Check } from "./readiness.ts";

const open: AdminServer[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.close())));

async function start(options: Partial<AdminServerOptions> = {}): Promise<string> {
  const defaults = { port: await freePort(), ready: async () => [], metrics: { render: async () => "up 1\n" } };
  const server = await startAdminServer({ ...defaults, ...options });
  open.push(server);
  return `http://127.0.0.1:${server.port}`;
}

const withChecks = (...checks: Check[]) => start({ ready: async () => checks });

describe("routes", () => {
  it("[admin.routes] /health, /ready and /metrics answer while all is well", async () => {
    const url = await withChecks({ name: "redis", ok: true });
    const [health, ready, metrics] = await Promise.all(
      ["/health", "/ready?x=1", "/metrics"].map((path) => fetch(url + path)),
    );
    expect([health?.status, await health?.json()]).toEqual([200, { status: "ok" }]);
    expect([ready?.status, await ready?.json()]).toEqual([
      200,
      { status: "ok", checks: [{ name: "redis", ok: true }] },
    ]);
    expect([metrics?.status, metrics?.headers.get("content-type"), await metrics?.text()]).toEqual([
      200,
      expect.stringContaining("text/plain"),
      "up 1\n",
    ]);
  });

  it("[admin.ready] /ready is 503 with the failing checks, while /health stays 200", async () => {
    const url = await withChecks(
      { name: "redis", ok: false, detail: "redis://u:pw@db refused" },
      { name: "mcp", ok: true },
    );
    const ready = await fetch(`${url}/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({
      status: "unavailable",
      checks: [
        { name: "redis", ok: false, detail: "redis://[redacted]@db refused" },
        { name: "mcp", ok: true },
      ],
    });
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it("a check that throws, or hangs, is a failed check", async () => {
    const throwing = await start({ ready: () => Promise.reject(new Error("no Redis")) });
    expect(await (await fetch(`${throwing}/ready`)).json()).toMatchObject({
      checks: [{ ok: false, detail: "no Redis" }],
    });
    const hanging = await start({ ready: () => new Promise(() => {}) });
    const answer = await fetch(`${hanging}/ready`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ checks: [{ ok: false, detail: "no answer within 2000 ms" }] });
  });

  it("anything else is a plain 404 or 405, and a failing scrape a 500 without a stack", async () => {
    const url = await start({ metrics: { render: () => Promise.reject(new Error("secret place")) } });
    const post = await fetch(`${url}/health`, { method: "POST" });
    const failed = await fetch(`${url}/metrics`);
    expect([(await fetch(`${url}/`)).status, (await fetch(`${url}/constructor`)).status, post.status]).toEqual([
      404, 404, 405,
    ]);
    expect([failed.status, await failed.text()]).toEqual([500, expect.not.stringContaining("secret place")]);
    expect(await (await fetch(`${url}/health`, { method: "HEAD" })).text()).toBe("");
  });
});

describe("the address", () => {
  it("is 127.0.0.1 unless another host is given", async () => {
    const port = await freePort();
    await start({ port });
    // 127.0.0.2 is this machine too, and would answer if the server were bound to every address.
    await expect(fetch(`http://127.0.0.2:${port}/health`)).rejects.toThrow("fetch failed");
    const everywhere = new URL(await start({ host: "0.0.0.0" })).port;
    expect((await fetch(`http://127.0.0.2:${everywhere}/health`)).status).toBe(200);
  });

  it("that is taken is named, with the setting to change", async () => {
    const { port } = new URL(await start());
    await expect(start({ port: Number(port) })).rejects.toMatchObject({
      name: "ListenError",
      code: "EADDRINUSE",
      message: `cannot listen on 127.0.0.1:${port}: the port is already in use (change ADMIN_PORT)`,
    });
  });

  it("is none at all for port 0", async () => {
    const server = await startAdminServer({ port: 0, ready: async () => [], metrics: { render: async () => "" } });
    expect(server.port).toBe(0);
    await server.close();
  });
});

it("closes at once, although clients hold connections open", async () => {
  const url = await start();
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => {});
  const ended = once(socket, "close");
  const startedAt = performance.now();
  await Promise.all(open.splice(0).map((server) => server.close()));
  await ended;
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  await expect(fetch(`${url}/health`)).rejects.toThrow("fetch failed");
});
