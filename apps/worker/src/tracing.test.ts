import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "@holdfast/testing";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { SpawnedWorkers } from "./test-fixtures/spawned-workers.ts";
import { Stage } from "./test-fixtures/stage.ts";

jest.setTimeout(120_000);

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

let stage: Stage;
let workers: SpawnedWorkers;
let collector: Server;
const spans: Span[] = [];
beforeAll(async () => {
  stage = await Stage.open();
  workers = new SpawnedWorkers(stage);
  collector = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += String(piece);
    const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
    for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await workers.end();
  await stage.close();
  collector.closeAllConnections();
  collector.close();
});

it("[worker.trace] puts a run, its model calls and its tool calls in the trace of their message", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const runner = await stage.toolRunner("files", { ls: () => "ok" });
  await workers.ready({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_BSP_SCHEDULE_DELAY: "50",
  });
  stage.model.enqueue([{ toolCall: { id: "a", name: "files__ls", arguments: {} } }], ["done"]);
  const talk = stage.talk();
  const runId = await talk.say("hi", { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
  await talk.ended(runId, 60_000);
  await until(() => spans.length >= 4);
  const run = spans.find(({ name }) => name === "invoke_agent assistant");
  expect(run).toMatchObject({ traceId, parentSpanId: "b7ad6b7169203331" });
  const children = spans.filter(({ parentSpanId }) => parentSpanId === run?.spanId);
  expect(children.map(({ name }) => name)).toEqual([
    "chat scripted-model",
    "execute_tool files__ls",
    "chat scripted-model",
  ]);
  expect(children.every((child) => child.traceId === traceId)).toBe(true);
  const attributes = Object.fromEntries((run?.attributes ?? []).map(({ key, value }) => [key, value.stringValue]));
  expect(attributes).toMatchObject({
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": "assistant",
    "gen_ai.conversation.id": talk.id,
    "holdfast.run_id": runId,
  });
  // The tool-runner's spans go under the call's.
  const call = children.find(({ name }) => name.startsWith("execute_tool"));
  expect(runner.traces).toEqual([expect.objectContaining({ traceparent: `00-${traceId}-${call?.spanId}-01` })]);
});
