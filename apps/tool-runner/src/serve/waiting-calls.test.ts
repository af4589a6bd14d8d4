import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { AgentStates, type Bus, createRedisBus } from "@holdfast/bus";
import { newUuid, TOOL_RUNNERS_GROUP, type ToolCall, type ToolResult, toolsTopic } from "@holdfast/protocol";
import { createLogger, createMetrics } from "@holdfast/telemetry";
import { gate, startRedis, type TestRedis, until } from "@holdfast/testing";
import { Admission, type AdmissionLimits } from "../terminal/admission.ts";
import type { Executor } from "./executor.ts";
import { toolRunnerMetrics } from "./metrics.ts";
import { RunningCalls } from "./running-calls.ts";
import { ServeLoop } from "./serve-loop.ts";

const PLACES = 3;

let redis: TestRedis;
let bus: Bus;
let loop: ServeLoop | undefined;
const names = { terminal: "", files: "" };

beforeAll(async () => {
  redis = await startRedis();
  bus = createRedisBus({ url: redis.url });
});
afterEach(() => loop?.stop(20_000));
afterAll(async () => {
  await bus.close();
  await redis.stop();
});

/** A runner with three places and two toolsets: one whose calls stay until they are let go, and one that answers at once. */
async function serving(limits: AdmissionLimits, reclaims = Promise.resolve(), terminalName?: string) {
  for (const kind of ["terminal", "files"] as const) names[kind] = `${kind}-${newUuid().slice(0, 8)}`;
  names.terminal = terminalName ?? names.terminal;
  const admission = new Admission(limits);
  const begun: string[] = [];
  const stay = gate();
  const completed = { status: "completed" as const, content: [], duration_ms: 0 };
  const terminal: Executor = {
    toolsets: () => [],
    admit: ({ conversationId }, signal) => admission.enter(conversationId, signal),
    isFull: () => admission.isFull,
    async execute({ callId }) {
      begun.push(callId);
      await stay.pass();
      return completed;
    },
  };
  const files: Executor = { toolsets: () => [], execute: async () => completed };
  const topics = [names.terminal, names.files].map(toolsTopic);
  const queue = bus.queues.open({ topics, group: TOOL_RUNNERS_GROUP });
  const reclaim = queue.reclaim.bind(queue);
  queue.reclaim = (count) => reclaims.then(() => reclaim(count));
  loop = new ServeLoop(
    {
      journal: bus.toolJournal,
      queue,
      running: new RunningCalls(),
      metrics: toolRunnerMetrics(createMetrics({ service: "tool-runner", withProcess: false })),
      states: new AgentStates({ control: bus.control, agents: [] }),
      questions: { approvals: bus.approvals, expiryMs: 600_000 },
      permissions: { approvals: bus.approvals, agents: () => ({}) },
      stopping: new AbortController().signal,
      logger: createLogger({ service: "tool-runner", level: "error" }),
      executorOf: (toolset) => (toolset === names.terminal ? terminal : files),
    },
    { concurrency: PLACES },
  );
  loop.start();
  return { begun, stay };
}

async function send(toolset: string, conversationId: string) {
  const call: ToolCall = {
    tool_call_id: "call_1",
    conversation_id: conversationId,
    run_id: newUuid(),
    agent: "assistant",
    step: 0,
    name: "run",
    arguments: {},
    timeout_ms: 20_000,
    created_at: new Date().toISOString(),
  };
  const results: ToolResult[] = [];
  await bus.toolCalls.watch(conversationId, (answer) => {
    if (answer.event === "tool_result") results.push(answer);
  });
  const id = bus.toolCalls.callId(call.run_id, 0, 0);
  await bus.toolCalls.send(toolset, id, call, {});
  return { id, ended: () => until(() => results.find((result) => result.id === id), { timeoutMs: 20_000 }) };
}

/** A call that was read by a runner which never beat, and ours may take from now on; `begun`: it was also begun. */
async function callOfDeadRunner(isBegun: boolean) {
  names.terminal = `terminal-${newUuid().slice(0, 8)}`;
  const [topic, group] = [toolsTopic(names.terminal), TOOL_RUNNERS_GROUP];
  const dead = createRedisBus({ url: redis.url });
  const conversationId = newUuid();
  const call = await send(names.terminal, conversationId);
  const queue = dead.queues.open({ topics: [topic], group });
  await until(async () => (await queue.read(1, 10)).length > 0);
  if (isBegun) await dead.toolJournal.start(conversationId, call.id);
  return { ...call, close: () => queue.close().then(() => dead.close()) };
}

const unread = async () => {
  const { length, pending } = await bus.queues.stats(toolsTopic(names.terminal), TOOL_RUNNERS_GROUP);
  return length - pending;
};

describe("[terminal.waiting] commands that wait for their turn", () => {
  it("take no place from other toolsets and other conversations", async () => {
    const { begun, stay } = await serving({ atOnce: 2, atOncePerConversation: 1, perMinutePerConversation: 100 });
    const busy = newUuid();
    const many = [];
    for (let count = 0; count < 3 * PLACES; count += 1) many.push(await send(names.terminal, busy));
    await until(async () => begun.length === 1 && (await unread()) === 0, {
      timeoutMs: 20_000,
      what: "the others wait",
    });
    expect(await (await send(names.files, newUuid())).ended()).toMatchObject({ status: "completed" });
    const other = await send(names.terminal, newUuid());
    await until(() => begun.includes(other.id), { timeoutMs: 20_000, what: "another conversation's begins" });
    expect(begun).toHaveLength(2);
    stay.open();
    for (const call of many) expect(await call.ended()).toMatchObject({ status: "completed" });
    expect(new Set(begun).size).toBe(3 * PLACES + 1);
  }, 60_000);

  it("are left for another runner where none could begin here", async () => {
    const { begun, stay } = await serving({ atOnce: 1, atOncePerConversation: 1, perMinutePerConversation: 100 });
    const all = [];
    for (let count = 0; count < 20; count += 1) all.push(await send(names.terminal, newUuid()));
    await until(() => begun.length === 1, { timeoutMs: 20_000 });
    expect(await (await send(names.files, newUuid())).ended()).toMatchObject({ status: "completed" });
    expect(await unread()).toBeGreaterThan(8);
    stay.open();
    for (const call of all) expect(await call.ended()).toMatchObject({ status: "completed" });
  }, 60_000);
});

describe("[tool.reclaimed] a call of a runner that died", () => {
  const ONE = { atOnce: 1, atOncePerConversation: 1, perMinutePerConversation: 100 };

  /** A runner whose only place for commands is taken, and four more wait for it, before it takes over anything. */
  async function crowded(terminal: string) {
    const taking = gate();
    const { begun, stay } = await serving(ONE, taking.pass(), terminal);
    const others = [];
    for (let count = 0; count < 5; count += 1) others.push(await send(terminal, newUuid()));
    await until(async () => begun.length === 1 && (await unread()) === 0, { timeoutMs: 20_000 });
    taking.open();
    return { begun, stay, others };
  }

  it("is unknown at once where it had begun, however many wait for their turn", async () => {
    const call = await callOfDeadRunner(true);
    const { begun, stay, others } = await crowded(names.terminal);
    expect(await call.ended()).toMatchObject({ status: "unknown", error: { code: "outcome_unknown" } });
    expect(begun).toHaveLength(1);
    stay.open();
    for (const other of others) await other.ended();
    expect(begun).not.toContain(call.id);
    await call.close();
  }, 60_000);

  it("is left to another where it had not begun and could not begin here", async () => {
    const call = await callOfDeadRunner(false);
    const { stay } = await crowded(names.terminal);
    await until(async () => (await unread()) === 1, { timeoutMs: 20_000, what: "it is in the queue again" });
    stay.open();
    expect(await call.ended()).toMatchObject({ status: "completed" });
    await call.close();
  }, 60_000);
});
