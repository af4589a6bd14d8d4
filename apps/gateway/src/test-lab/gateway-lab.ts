import type { Server } from "node:http";
import { afterAll, afterEach, beforeAll } from "@jest/globals";
import { type Bus, createRedisBus, type EventLog, type RunLease } from "@holdfast/bus";
import { newUuid } from "@holdfast/protocol";
import { listen } from "@holdfast/runtime";
import { createLogger, createMetrics, type Metrics } from "@holdfast/telemetry";
import { redisCommand, startRedis, type TestRedis } from "@holdfast/testing";
import { PassThrough } from "node:stream";
import { type AppOptions, createApp } from "../app.ts";
import { closeHttpServer, createHttpServer } from "../http/server.ts";
import { readinessOf } from "../routes/health.ts";
import { createStreams, type StreamOptions, type Streams } from "../sse/streams.ts";
import { SseReader } from "./sse-reader.ts";

export interface LabOptions {
  readonly app?: Partial<AppOptions>;
  readonly streams?: Partial<StreamOptions>;
  /** Put between the streams and the real log, to delay what it answers. */
  readonly throughLog?: (log: EventLog) => EventLog;
}

/** A gateway on a port of its own, as main.ts composes it. */
export interface LabGateway {
  readonly url: string;
  readonly bus: Bus;
  readonly streams: Streams;
  readonly metrics: Metrics;
  readonly options: AppOptions;
  /** Everything logged so far. */
  readonly logged: () => string;
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** A real Redis for a suite; gateways and readers on it are closed after each test. */
export interface GatewayLab {
  readonly redis: TestRedis;
  /** A bus of the test's own, to do what workers do. */
  readonly bus: Bus;
  open(options?: LabOptions): Promise<LabGateway>;
  /** One gateway for all tests of the suite that change nothing about it. */
  gateway(): Promise<LabGateway>;
  read(url: string, headers?: Record<string, string>): Promise<SseReader>;
  /** One command to Redis, behind everybody's back. */
  raw(...words: readonly (string | number)[]): Promise<string>;
  /** Accepts a message as the gateway does. Answers the run's id. */
  send(conversationId: string, content?: string): Promise<string>;
  /** Takes the waiting run of a conversation as a worker does. */
  claim(conversationId: string): Promise<RunLease>;
}

export const USAGE = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };

/** Call at the top of a suite. */
export function gatewayLab(): GatewayLab {
  let redis: TestRedis;
  let bus: Bus;
  let common: Promise<LabGateway> | undefined;
  const toClose: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    redis = await startRedis({ aof: true });
    bus = createRedisBus({ url: redis.url });
  });
  afterEach(async () => {
    await Promise.all(toClose.splice(0).map((close) => close()));
  });
  afterAll(async () => {
    await (await common)?.close();
    await bus.close();
    await redis.stop();
  });
  return {
    get redis() {
      return redis;
    },
    get bus() {
      return bus;
    },
    raw: (...words) => redisCommand(redis.port, ...words),
    async open(options = {}) {
      const gateway = await openGateway(redis.url, options);
      toClose.push(() => gateway.close());
      return gateway;
    },
    gateway() {
      common ??= openGateway(redis.url, {});
      return common;
    },
    async read(url, headers) {
      const reader = await SseReader.open(url, headers);
      toClose.push(async () => reader.drop());
      return reader;
    },
    send: (conversationId, content = "hello") => send(bus, conversationId, content),
    claim: (conversationId) => claim(bus, conversationId),
  };
}

async function openGateway(
  redisUrl: string,
  { app = {}, streams: streamOptions = {}, throughLog = (log) => log }: LabOptions,
): Promise<LabGateway> {
  const log = new PassThrough();
  let logged = "";
  log.on("data", (data) => (logged += String(data)));
  const logger = createLogger({ service: "gateway", level: "debug", pretty: false, destination: log });
  const metrics = createMetrics({ service: "gateway", withProcess: false });
  const bus = createRedisBus({ url: redisUrl, requestTimeoutMs: 1_000 });
  const streams = createStreams({ ...bus, eventLog: throughLog(bus.eventLog) }, logger, {
    heartbeatMs: 15_000,
    bufferBytes: 262_144,
    ...streamOptions,
  });
  let isStopping = false;
  const options: AppOptions = {
    bus,
    streams,
    agents: new Set(["assistant"]),
    toolsets: [{ name: "terminal", isEnabled: true }],
    isDemo: false,
    readiness: readinessOf(bus, () => isStopping),
    isStopping: () => isStopping,
    origins: { corsOrigins: [], hosts: [] },
    maxBodyBytes: 1_048_576,
    webDir: "/nonexistent",
    logger,
    metrics,
    ...app,
  };
  const server: Server = createHttpServer(createApp(options));
  const port = await listen(server, { host: "127.0.0.1", port: 0, setting: "GATEWAY_PORT" });
  let closed: Promise<void> | undefined;
  const stop = () => {
    isStopping = true;
    closed ??= closeHttpServer(server, () => streams.close(500));
    return closed;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    bus,
    streams,
    metrics,
    options,
    logged: () => logged,
    stop,
    async close() {
      await stop();
      await bus.close();
    },
  };
}

async function send(bus: Bus, conversationId: string, content: string): Promise<string> {
  const accepted = await bus.conversations.accept({
    envelope: {
      id: newUuid(),
      conversation_id: conversationId,
      sender: "user:ann",
      recipient: "agent:assistant",
      type: "message",
      content,
      metadata: {},
      created_at: new Date().toISOString(),
    },
    agent: "assistant",
    onBusy: "enqueue",
    trace: {},
  });
  if (accepted.outcome !== "accepted") throw new Error(`the message was not accepted: ${accepted.outcome}`);
  return accepted.runId;
}

async function claim(bus: Bus, conversationId: string): Promise<RunLease> {
  const claimed = await bus.runs.claim(conversationId, "assistant");
  if (claimed.outcome !== "claimed") throw new Error(`the claim was ${claimed.outcome}`);
  return claimed.lease;
}

/** Appends a text as tokens of some step, piece by piece, and waits until they are durable. */
export async function say(lease: RunLease, pieces: readonly string[], from = { index: 0, offset: 0 }, step = 0) {
  let { index, offset } = from;
  for (const text of pieces) {
    lease.append({ event: "token", step, index, offset, text });
    index += 1;
    offset += text.length;
  }
  await lease.flush();
  return { index, offset };
}

export async function complete(lease: RunLease, text: string): Promise<void> {
  const history = [
    {
      shown: {
        id: lease.run.messageId,
        role: "user" as const,
        content: lease.run.envelope.content,
        created_at: lease.run.envelope.created_at,
      },
      model: { role: "user" as const, content: lease.run.envelope.content },
    },
  ];
  await lease.finish({ status: "completed", usage: USAGE, output: { text, finish_reason: "stop" }, history });
}

/** A run that waits until a human decides one call. */
export async function parked(
  lab: GatewayLab,
): Promise<{ readonly conversationId: string; readonly runId: string; readonly id: string }> {
  const conversationId = newUuid();
  const runId = await lab.send(conversationId);
  const lease = await lab.claim(conversationId);
  const id = lab.bus.approvals.idOf(runId, 0, 0);
  const call = { tool_call_id: "call_1", name: "files__write", args: { path: "x" } };
  const expires_at = new Date(Date.now() + 60_000).toISOString();
  await lease.park({
    questions: [
      {
        pending: { event: "tool_step", step: 0, ...call, status: "pending_approval" },
        asked: { approval_id: id, ...call, args_sha256: "a".repeat(64), expires_at },
        callId: lab.bus.toolCalls.callId(runId, 0, 0),
      },
    ],
    ifCancelled: { events: [], ending: { status: "cancelled", usage: USAGE, history: [] } },
  });
  return { conversationId, runId, id };
}
