import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import {
  redisCommand,
  freePort,
  spawnService,
  startRedis,
  type TestRedis,
  type TestService,
  until,
} from "@holdfast/testing";
import request from "supertest";

import { SseReader } from "./test-lab/sse-reader.ts";

const ENTRY = fileURLToPath(new URL("./main.ts", import.meta.url));
const YAML = "agents:\n  assistant:\n    model: demo\nmcpServers:\n  files: { command: node, args: [server.js] }\n";

let redis: TestRedis;
let dir: string;
const services: TestService[] = [];

beforeAll(async () => {
  redis = await startRedis();
  dir = await mkdtemp(join(tmpdir(), "holdfast-gateway-"));
  await writeFile(join(dir, "holdfast.yaml"), YAML);
});
afterEach(() => {
  for (const service of services.splice(0)) service.kill();
});
afterAll(async () => {
  await redis.stop();
  await rm(dir, { recursive: true });
});

function start(env: Record<string, string> = {}): TestService {
  const given = { REDIS_URL: redis.url, GATEWAY_PORT: "0", HOLDFAST_CONFIG: join(dir, "holdfast.yaml"), ...env };
  const service = spawnService({ name: "gateway", entry: ENTRY, env: given, cwd: dir });
  services.push(service);
  return service;
}

describe("the gateway's process", () => {
  it("[gateway.ready] says in JSON when and where it serves, and drains and exits 0 on SIGTERM", async () => {
    const service = start({ HOLDFAST_DEMO: "1" });
    const { url = "", port } = await service.waitForReady();
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect(service.logs.at(-1)).toMatchObject({ level: "info", service: "gateway", timestamp: expect.any(String) });
    const conversation = newUuid();
    const path = `/v1/conversations/${conversation}`;
    await request(url).post(`${path}/messages`).send({ agent: "assistant", content: "hi" }).expect(202);
    expect((await request(url).get("/v1/agents")).body).toMatchObject({ data: [{ name: "assistant" }], demo: true });
    const tools = (await request(url).get("/v1/tools")).body.data;
    expect(tools.map(({ toolset }: { toolset: string }) => toolset)).toEqual(["terminal", "files"]);

    const reader = await SseReader.open(`${url}${path}/stream`);
    await reader.untilEvent("run", "queued");
    const [exit, ended] = await Promise.all([service.stop(), reader.untilEnded()]);
    expect([exit.code, ended]).toEqual([0, "broken"]);
    expect(JSON.stringify(service.logs)).not.toContain('hi"');
  });

  it("[gateway.redis-away] starts while Redis is away, is alive, and serves when it comes", async () => {
    const port = await freePort();
    const service = start({ REDIS_URL: `redis://127.0.0.1:${port}`, HOLDFAST_REDIS_TIMEOUT_MS: "300" });
    const { url = "" } = await service.waitForReady();
    expect((await request(url).get("/health")).status).toBe(200);
    expect((await request(url).get("/ready")).status).toBe(503);
    expect((await request(url).post("/v1/conversations").send({})).status).toBe(503);

    const late = await startRedis({ port });
    try {
      await until(async () => (await request(url).get("/ready")).status === 200);
      await until(async () => (await request(url).post("/v1/conversations").send({})).status === 201);
    } finally {
      await late.stop();
    }
  });

  it("[gateway.config] prints every problem of its configuration and exits 78", async () => {
    const env = await start({ GATEWAY_PORT: "http", HOLDFAST_HEARTBEAT_MS: "-1" }).exit;
    expect(env.code).toBe(78);
    expect(services[0]?.output.join("\n")).toMatch(/GATEWAY_PORT[^]*HOLDFAST_HEARTBEAT_MS/);
    await writeFile(join(dir, "bad.yaml"), "agents:\n  Assistant:\n    model: demo\n  b:\n    modell: x\n");
    const service = start({ HOLDFAST_CONFIG: join(dir, "bad.yaml") });
    expect((await service.exit).code).toBe(78);
    expect(service.output.join("\n")).toMatch(/bad\.yaml:2:[^]*bad\.yaml:[45]:/);
  });

  it("[gateway.metrics] reports streams, queues and dead letters on the admin port", async () => {
    const adminPort = await freePort();
    const { url = "", ...ready } = await start({ ADMIN_PORT: String(adminPort) }).waitForReady();
    const conversation = newUuid();
    await request(url).post(`/v1/conversations/${conversation}/messages`).send({ agent: "assistant", content: "x" });
    await redisCommand(redis.port, "XADD", "dlq:chat:assistant", "*", "id", newUuid(), "payload", "{}");
    const reader = await SseReader.open(`${url}/v1/conversations/${conversation}/stream`);
    await reader.untilEvent("run");
    const { text } = await request(String(ready.admin_url)).get("/metrics");
    reader.drop();
    expect(text).toContain("holdfast_stream_connections 1");
    expect(text).toMatch(/holdfast_queue_lag\{agent="assistant"\} [1-9]/);
    expect(text).toMatch(/holdfast_dlq_size\{agent="assistant"\} 1/);
    expect(text).toContain('holdfast_queue_lag{tool="terminal"} 0');
    expect(text).toContain(
      'holdfast_http_requests_total{method="POST",route="/v1/conversations/:id/messages",status="202"} 1',
    );
  });

  it("[gateway.trace] continues the caller's trace and hands it on with the message", async () => {
    let spans = "";
    const collector = createServer((incoming, response) => {
      incoming.on("data", (data) => (spans += String(data)));
      incoming.on("end", () => response.end("{}"));
    });
    await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
    const { port } = collector.address() as AddressInfo;
    const service = start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    });
    const { url = "" } = await service.waitForReady();
    const conversation = newUuid();
    const trace = "0af7651916cd43dd8448eb211c80319c";
    await request(url)
      .post(`/v1/conversations/${conversation}/messages`)
      .set("traceparent", `00-${trace}-b7ad6b7169203331-01`)
      .send({ agent: "assistant", content: "x" })
      .expect(202);
    const entry = await redisCommand(redis.port, "XRANGE", `chat:${conversation}`, "-", "+");
    const parent = new RegExp(`00-${trace}-([0-9a-f]{16})-01`).exec(entry)?.[1];
    await service.stop();
    collector.close();
    const sent = /"name":"send chat:assistant"/.exec(spans);
    expect(sent).not.toBeNull();
    expect(spans).toContain('"name":"POST /v1/conversations/:id/messages"');
    expect(parent).toMatch(/^[0-9a-f]{16}$/);
    expect(spans).toContain(`"spanId":"${parent}"`);
    expect(parent).not.toBe("b7ad6b7169203331");
  });
});
