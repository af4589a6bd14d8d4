import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AgentStates, type Bus, createRedisBus, type QuestionState } from "@holdfast/bus";
import {
  McpServerConfig,
  newUuid,
  TOOL_RUNNERS_GROUP,
  type ToolCall,
  type ToolResult,
  toolsTopic,
} from "@holdfast/protocol";
import { createLogger, createMetrics } from "@holdfast/telemetry";
import { startRedis, type TestRedis, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createMcpHost, type McpHost } from "../mcp/host.ts";
import { McpExecutor } from "./mcp-executor.ts";
import { toolRunnerMetrics } from "./metrics.ts";
import { RunningCalls } from "./running-calls.ts";
import { ServeLoop } from "./serve-loop.ts";

const SERVER = fileURLToPath(new URL("../mcp/fixture/asking-server.ts", import.meta.url));
const PLACES = 2;
/** Real processes on a loaded machine. */
const PATIENCE = { timeoutMs: 60_000 };
const ANSWER = { name: "Ann" };
const NEVER_ASK = { assistant: { approvals: { "*": "never" as const } } };
const RELEASE = { name: "release", arguments: {}, timeoutMs: 60_000, signal: new AbortController().signal };

let folder: string;
let redis: TestRedis;
let bus: Bus;
let host: McpHost;
let loop: ServeLoop;
/** What every question's approval says. */
let said: QuestionState;
const asked = new Set<string>();
const toolsets = { many: "", serial: "", other: "" };

beforeAll(async () => {
  redis = await startRedis();
  bus = createRedisBus({ url: redis.url });
  folder = mkdtempSync(join(tmpdir(), "mcp-places-"));
  for (const kind of ["many", "serial", "other"] as const) toolsets[kind] = `${kind}-${newUuid().slice(0, 8)}`;
  const server = (name: string, flags: readonly string[], more: object = {}) =>
    McpServerConfig.parse({
      command: process.execPath,
      args: [SERVER, "--journal", join(folder, name), ...flags],
      holdfast: { framing: "newline", ...more },
    });
  const logger = createLogger({ service: "tool-runner", level: "error" });
  host = createMcpHost({
    servers: {
      [toolsets.many]: server("many", ["--modern"], { concurrency: 3 }),
      [toolsets.serial]: server("serial", [], { concurrency: 1 }),
      [toolsets.other]: server("other", []),
    },
    baseDir: folder,
    logger,
  });
  await host.start();
}, 90_000);

/** A runner with two places. Nobody has answered anything yet. */
function serve() {
  said = { status: "requested" };
  asked.clear();
  const executor = new McpExecutor(host);
  const questions = {
    expiryMs: 600_000,
    approvals: {
      answerOf: async (_conversation: string, id: string) => {
        asked.add(id);
        return said;
      },
      endOverdue: async () => said,
      forgetContent: async () => undefined,
    },
  };
  loop = new ServeLoop(
    {
      journal: bus.toolJournal,
      queue: bus.queues.open({ topics: Object.values(toolsets).map(toolsTopic), group: TOOL_RUNNERS_GROUP }),
      running: new RunningCalls(),
      metrics: toolRunnerMetrics(createMetrics({ service: "tool-runner", withProcess: false })),
      states: new AgentStates({ control: bus.control, agents: [] }),
      questions,
      permissions: { approvals: bus.approvals, agents: () => NEVER_ASK },
      stopping: new AbortController().signal,
      logger: createLogger({ service: "tool-runner", level: "error" }),
      executorOf: () => executor,
    },
    { concurrency: PLACES },
  );
  loop.start();
}

afterEach(() => loop.stop(20_000));
afterAll(async () => {
  await host.close();
  await bus.close();
  await redis.stop();
  rmSync(folder, { recursive: true });
});

async function send(toolset: string, name: string, { entry, timeoutMs }: { entry?: string; timeoutMs?: number } = {}) {
  const call: ToolCall = {
    tool_call_id: "call_1",
    conversation_id: newUuid(),
    run_id: newUuid(),
    agent: "assistant",
    step: 0,
    name,
    arguments: entry === undefined ? {} : { entry },
    timeout_ms: timeoutMs ?? PATIENCE.timeoutMs,
    created_at: new Date().toISOString(),
  };
  const results: ToolResult[] = [];
  await bus.toolCalls.watch(call.conversation_id, (answer) => {
    if (answer.event === "tool_result") results.push(answer);
  });
  const id = bus.toolCalls.callId(call.run_id, 0, 0);
  await bus.toolCalls.send(toolset, id, call, {});
  return {
    ended: () => until(() => results[0], PATIENCE),
    state: async () => (await bus.toolCalls.state(call.conversation_id, id)).state,
  };
}

const journal = (server: string) =>
  readFileSync(join(folder, server), { encoding: "utf8", flag: "a+" }).split("\n").filter(Boolean);

describe("[elicitation.places] calls whose server asks a human", () => {
  it("take no place of a runner, however many they are, and are all answered", async () => {
    serve();
    const calls = [];
    for (let count = 0; count <= PLACES; count += 1) calls.push(await send(toolsets.many, "ask"));
    await until(() => asked.size === PLACES + 1, PATIENCE);
    expect(await (await send(toolsets.other, "release")).ended()).toMatchObject({ status: "completed" });
    said = { status: "approved", content: ANSWER };
    for (const call of calls) {
      const { status, content } = await call.ended();
      expect([status, JSON.parse(content[0]?.text ?? "")]).toEqual([
        "completed",
        { action: "accept", content: ANSWER },
      ]);
    }
    // Every place is there again, and no more.
    said = { status: "requested" };
    const held = [await send(toolsets.other, "hold"), await send(toolsets.many, "hold")];
    for (const call of held) await until(async () => (await call.state()) === "started", PATIENCE);
    const further = await send(toolsets.other, "release");
    await until(async () => (await unread(toolsets.other)) === 1, PATIENCE);
    expect(await further.state()).toBe("absent");
    await host.call({ ...RELEASE, toolset: toolsets.many });
    expect(await further.ended()).toMatchObject({ status: "completed" });
    for (const call of held) expect(await call.ended()).toMatchObject({ status: "completed" });
  }, 120_000);

  it("keep the calls behind them waiting unbegun, and from nobody else a place", async () => {
    serve();
    const first = await send(toolsets.serial, "ask", { entry: "first" });
    await until(() => asked.size === 1, PATIENCE);
    const hasty = await send(toolsets.serial, "ask", { entry: "hasty", timeoutMs: 300 });
    const message = expect.stringMatching(/It was not sent: the server waits for a human's answer/);
    expect(await hasty.ended()).toMatchObject({ status: "failed", error: { code: "timeout", message } });
    const patient = [];
    for (let count = 0; count < 12; count += 1) patient.push(await send(toolsets.serial, "ask", { entry: "patient" }));
    expect(await (await send(toolsets.other, "release")).ended()).toMatchObject({ status: "completed" });
    // The others are there for another runner to take.
    expect(await unread(toolsets.serial)).toBeGreaterThan(4);
    for (const call of patient) expect(await call.state()).toBe("absent");
    expect(journal("serial")).toEqual(["asked first"]);
    said = { status: "rejected" };
    for (const call of [first, ...patient]) expect(await call.ended()).toMatchObject({ status: "completed" });
    expect(journal("serial").filter((line) => line === "asked patient")).toHaveLength(12);
  }, 120_000);
});

async function unread(toolset: string): Promise<number> {
  const { length, pending } = await bus.queues.stats(toolsTopic(toolset), TOOL_RUNNERS_GROUP);
  return length - pending;
}
