import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { spawnService, until } from "@holdfast/testing";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { startTracing, withSpan, currentTraceparent } from "./index.ts";
import type { TraceCarrier } from "./index.ts";

/** The parts of an OTLP span in JSON that these tests look at. */
interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  traceState?: string;
  status?: { code?: number; message?: string };
  attributes?: { key: string; value: { stringValue?: string } }[];
  events?: { name: string }[];
}
interface OtlpResource {
  attributes: { key: string; value: { stringValue?: string } }[];
}
interface OtlpBody {
  resourceSpans: { resource: OtlpResource; scopeSpans: { spans: OtlpSpan[] }[] }[];
}

const spans: OtlpSpan[] = [];
const resources: OtlpResource[] = [];
const paths: string[] = [];
let collector: Server;
let endpoint: string;

async function bodyOf(request: IncomingMessage): Promise<OtlpBody> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as OtlpBody;
}

async function collect(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  paths.push(request.url ?? "");
  resources.push(...body.resourceSpans.map((group) => group.resource));
  spans.push(...body.resourceSpans.flatMap((group) => group.scopeSpans.flatMap((scope) => scope.spans)));
  response.writeHead(request.url === "/refused" ? 400 : 200, { "content-type": "application/json" }).end("{}");
}

beforeAll(async () => {
  collector = createServer((request, response) => void collect(request, response));
  collector.listen(0, "127.0.0.1");
  await once(collector, "listening");
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});

afterAll(() => {
  collector.closeAllConnections();
  collector.close();
});

function spawnTraced(env: Record<string, string>, carrier?: TraceCarrier) {
  const entry = fileURLToPath(new URL("../fixtures/traced.ts", import.meta.url));
  return spawnService({ name: "traced", entry, env, args: carrier === undefined ? [] : [JSON.stringify(carrier)] });
}

const named = (name: string, traceId: string) => spans.find((span) => span.name === name && span.traceId === traceId);
const attribute = (of: OtlpResource | OtlpSpan | undefined, key: string) =>
  of?.attributes?.find((entry) => entry.key === key)?.value.stringValue;

describe("with an endpoint", () => {
  it("[trace.carried] one trace spans two processes, each span below the one it was made in", async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
    const first = spawnTraced(env);
    const handedOn = (await first.waitForReady())["carrier"] as { traceparent: string };
    const second = spawnTraced(env, { ...handedOn, tracestate: "vendor=1" });
    await second.waitForReady();
    const [exitOfFirst] = await Promise.all([first.stop(), second.stop()]);
    expect(exitOfFirst.code).toBe(0);

    const [, traceId = "", spanId] = handedOn.traceparent.split("-");
    const runs = await until(() => {
      const found = spans.filter((span) => span.name === "invoke_agent assistant" && span.traceId === traceId);
      return found.length === 2 && found;
    });
    const root = runs.find((span) => span.spanId === spanId);
    const remote = runs.find((span) => span.spanId !== spanId);
    expect(root?.parentSpanId ?? "").toBe("");
    expect(remote).toMatchObject({ parentSpanId: spanId, kind: 5, traceState: "vendor=1" });
    const calls = spans.filter((span) => span.name === "chat gpt" && span.traceId === traceId);
    expect(new Set(calls.map((span) => span.parentSpanId))).toEqual(new Set(runs.map((span) => span.spanId)));
    expect(new Set(paths)).toEqual(new Set(["/v1/traces"]));
    expect(resources.map((resource) => attribute(resource, "service.name"))).toContain("worker");
    expect(JSON.stringify(resources)).not.toContain("process.command");

    const inside = first.logs.find((line) => line.message === "inside");
    expect(inside).toMatchObject({ trace_id: traceId, span_id: spanId });

    const failed = named("execute_tool ls", traceId);
    expect(failed?.status).toEqual({ code: 2, message: "Bearer [redacted] refused" });
    expect(attribute(failed, "error.type")).toBe("ETOOL");
    expect(attribute(root, "url")).toBe("redis://[redacted]@db");
    expect(named("chat gpt", traceId)?.events?.map((event) => event.name)).toEqual(["first token"]);
  });

  it("a malformed traceparent starts a trace of its own, named by OTEL_SERVICE_NAME", async () => {
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/v1/traces`, OTEL_SERVICE_NAME: "renamed" };
    const service = spawnTraced(env, { traceparent: `00-${"0".repeat(32)}-${"1".repeat(16)}-01` });
    const { traceparent } = (await service.waitForReady())["carrier"] as { traceparent: string };
    await service.stop();
    const [, traceId = ""] = traceparent.split("-");
    const root = await until(() => named("invoke_agent assistant", traceId));
    expect(root.parentSpanId ?? "").toBe("");
    expect(resources.map((resource) => attribute(resource, "service.name"))).toContain("renamed");
  });

  it("a collector that is away delays the end by two seconds at most", async () => {
    const service = spawnTraced({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_BSP_SCHEDULE_DELAY: "50" });
    await service.waitForReady();
    expect((await service.stop()).code).toBe(0);
    const stopped = service.logs.find((line) => line.message === "stopped");
    expect(stopped?.["took_ms"]).toBeLessThan(2_500);
    expect(service.output).toEqual([]);
  });
});

describe("a collector that refuses", () => {
  it("is complained about in the log, once for many refusals", async () => {
    const env = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/refused`, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "1" };
    const service = spawnTraced(env);
    await service.waitForReady();
    await service.waitForLog((line) => line.message === "traces are not being exported" && line.level === "warn");
    expect((await service.stop()).code).toBe(0);
    expect(service.logs.filter((line) => line.message === "traces are not being exported")).toHaveLength(1);
  });
});

describe("without an endpoint, or disabled", () => {
  it.each([{}, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", OTEL_SDK_DISABLED: "true" }])(
    "nothing is traced and everything works: %j",
    async (env) => {
      const service = spawnTraced(env);
      expect(await service.waitForReady()).toMatchObject({ carrier: {}, is_on: false });
      expect((await service.stop()).code).toBe(0);
      expect(service.logs.find((line) => line.message === "inside")).not.toHaveProperty("trace_id");
    },
  );

  it("a span gives what its function gives, throws what it throws, and costs next to nothing", async () => {
    const tracing = await startTracing({ service: "test" });
    expect(tracing.isOn).toBe(false);
    expect(await withSpan("a", {}, () => 7)).toBe(7);
    await expect(withSpan("a", {}, () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
    expect(currentTraceparent()).toEqual({});
    const startedAt = performance.now();
    for (let count = 0; count < 10_000; count += 1) await withSpan("a", { attributes: { count } }, () => {});
    expect((performance.now() - startedAt) / 10_000).toBeLessThan(0.2);
    await tracing.shutdown();
  });

  it("a carrier handed in is handed on, although nothing is recorded here", async () => {
    const parent = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
    expect(await withSpan("a", { parent }, (span) => span.carrier())).toEqual(parent);
  });
});
