import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { AgentStates, type Bus, createRedisBus, type WorkQueue } from "@holdfast/bus";
import {
  newUuid,
  TOOL_RUNNERS_GROUP,
  type ToolCall,
  type ResultsPayload,
  type ToolResult,
  toolsTopic,
} from "@holdfast/protocol";
import { createLogger, createMetrics } from "@holdfast/telemetry";
import { gate, startRedis, type TestRedis, until } from "@holdfast/testing";
import type { Executor } from "./executor.ts";
import { toolRunnerMetrics } from "./metrics.ts";
import { RunningCalls } from "./running-calls.ts";
import { serveCall, type ServeContext } from "./serve-call.ts";
import { ServeLoop } from "./serve-loop.ts";

let redis: TestRedis;
let silent: Bus;
let ours: Bus;
beforeAll(async () => {
  redis = await startRedis();
  [silent, ours] = [createRedisBus({ url: redis.url }), createRedisBus({ url: redis.url })];
});
afterAll(async () => {
  await Promise.all([silent.close(), ours.close()]);
  await redis.stop();
});

/** A call that was sent, and all that is answered to it. */
async function sent(toolset: string, agent = "assistant") {
  const call: ToolCall = {
    tool_call_id: "call_1",
    conversation_id: newUuid(),
    run_id: newUuid(),
    agent,
    step: 0,
    name: "run",
    arguments: {},
    timeout_ms: 20_000,
    created_at: new Date().toISOString(),
  };
  const answers: ResultsPayload[] = [];
  await ours.toolCalls.watch(call.conversation_id, (answer) => void answers.push(answer));
  const id = ours.toolCalls.callId(call.run_id, 0, 0);
  await ours.toolCalls.send(toolset, id, call, {});
  const ended = () => until(() => answers.find((answer) => answer.event === "tool_result"), { timeoutMs: 20_000 });
  return { id, call, answers, ended };
}

const newName = (kind: string) => `${kind}-${newUuid().slice(0, 8)}`;
const openQueue = (bus: Bus, toolset: string) =>
  bus.queues.open({ topics: [toolsTopic(toolset)], group: TOOL_RUNNERS_GROUP });

/** The same, and the entry as it was read from the queue. */
async function calledNow() {
  const toolset = newName("set");
  const { call, answers } = await sent(toolset);
  const queue = openQueue(ours, toolset);
  const [entry] = await until(async () => {
    const entries = await queue.read(1, 10);
    return entries.length > 0 && entries;
  });
  if (!entry) throw new Error("no entry was read");
  return { entry, call, queue, answers };
}

/** `begun` is told what the journal said to `start`, before anybody else is. */
function contextOf(queue: WorkQueue, begun = () => {}, more: Partial<ServeContext> = {}): ServeContext {
  return {
    journal: {
      start: async (...of) => {
        const state = await ours.toolJournal.start(...of);
        begun();
        return state;
      },
      state: (...of) => ours.toolJournal.state(...of),
      output: (...of) => ours.toolJournal.output(...of),
      questionId: (...of) => ours.toolJournal.questionId(...of),
      questions: (...of) => ours.toolJournal.questions(...of),
      finish: (...of) => ours.toolJournal.finish(...of),
    },
    queue,
    running: new RunningCalls(),
    metrics: toolRunnerMetrics(createMetrics({ service: "tool-runner", withProcess: false })),
    states: new AgentStates({ control: ours.control, agents: [] }),
    questions: { approvals: ours.approvals, expiryMs: 600_000 },
    permissions: { approvals: ours.approvals, agents: () => ({}) },
    stopping: new AbortController().signal,
    logger: createLogger({ service: "tool-runner", level: "error" }),
    executorOf: () => undefined,
    ...more,
  };
}

/** A call that a runner has begun which does not beat, as it came to another, which has looked at its state. */
async function callOfSilentRunner() {
  const { entry, call, queue, answers } = await calledNow();
  expect(await silent.toolJournal.start(call.conversation_id, entry.id)).toEqual({ state: "begun" });
  const looked = gate();
  const served = serveCall(
    entry,
    call,
    contextOf(queue, () => looked.open()),
  ).finally(() => queue.close());
  await looked.pass();
  return { entry, call, served, answers };
}

it("[tool.cancel] hears a cancel that comes in the moment in which the call begins", async () => {
  const { entry, call, queue, answers } = await calledNow();
  const running = new RunningCalls();
  const cancel = () => running.obey({ type: "cancel", run_id: call.run_id, by: "user:ann" });
  const executor: Executor = {
    toolsets: () => [],
    execute: async ({ signal }) => ({
      status: signal.aborted ? "cancelled" : "completed",
      content: [],
      duration_ms: 0,
    }),
  };
  await serveCall(entry, call, contextOf(queue, cancel, { running, executorOf: () => executor }));
  await until(() => answers.length > 0);
  expect(answers).toMatchObject([{ event: "tool_result", id: entry.id, status: "cancelled" }]);
  expect(running.size).toBe(0);
  await queue.close();
});

it("[tool.late-runner] takes the result of a runner that was only slow, instead of calling the outcome unknown", async () => {
  const { entry, call, served, answers } = await callOfSilentRunner();
  const result: ToolResult = {
    event: "tool_result",
    id: entry.id,
    tool_call_id: call.tool_call_id,
    status: "completed",
    content: [{ type: "text", text: "late" }],
    duration_ms: 1,
  };
  await silent.toolJournal.finish(call.conversation_id, entry.id, result);
  await served;
  await until(() => answers.length > 0);
  expect(answers).toEqual(answers.map(() => result));
});

it("says that the outcome is unknown when the runner does not come back", async () => {
  const { entry, served, answers } = await callOfSilentRunner();
  await served;
  await until(() => answers.length > 0);
  expect(answers).toMatchObject([{ event: "tool_result", id: entry.id, status: "unknown" }]);
});

describe("calls of a paused agent", () => {
  const loops: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  });

  /** A runner with four places that has learnt of the pause of `paused`. `executed` has the ids of calls. */
  async function serving(bus: Bus, toolset: string, paused: string) {
    await ours.control.send(paused, { type: "pause", by: "user:ops" });
    const states = new AgentStates({ control: ours.control, agents: [paused] });
    await states.start();
    const executed: string[] = [];
    const executor: Executor = {
      toolsets: () => [],
      execute: async ({ callId }) => {
        executed.push(callId);
        return { status: "completed", content: [], duration_ms: 0 };
      },
    };
    const kept = new Set<string>();
    const queue = openQueue(bus, toolset);
    const keep = queue.keep.bind(queue);
    queue.keep = (entry) => keep(entry).then(() => void kept.add(entry.id));
    const loop = new ServeLoop(contextOf(queue, undefined, { states, executorOf: () => executor }), {
      concurrency: 4,
      keepEveryMs: 50,
    });
    loop.start();
    const stop = async () => {
      await loop.stop(20_000);
      await states.stop();
    };
    loops.push({ stop });
    return { executed, kept, stop };
  }
  const resume = (agent: string) => ours.control.send(agent, { type: "resume", by: "user:ops" });

  it("[tool.paused-places] take no place from other agents' calls, and are answered after the resume or given up", async () => {
    const [toolset, paused] = [newName("set"), newName("agent")];
    const { executed, kept } = await serving(ours, toolset, paused);
    const held = [];
    for (let count = 0; count < 5; count += 1) held.push(await sent(toolset, paused));
    await until(() => kept.size === 5, { timeoutMs: 20_000, what: "all five are held, and kept" });
    const other = await sent(toolset, newName("agent"));
    expect(await other.ended()).toMatchObject({ status: "completed" });
    expect(executed).toEqual([other.id]);
    const [given, ...rest] = held;
    if (!given) throw new Error("no call");
    expect(await ours.toolCalls.giveUp(given.call.conversation_id, given.id)).toEqual({ state: "cancelled" });
    await resume(paused);
    for (const call of rest) expect(await call.ended()).toMatchObject({ status: "completed" });
    await until(async () => (await ours.queues.stats(toolsTopic(toolset), TOOL_RUNNERS_GROUP)).length === 0);
    expect(executed.toSorted()).toEqual([other, ...rest].map(({ id }) => id).toSorted());
  }, 60_000);

  it("[tool.paused-reclaimed] are held by another runner when theirs dies, and by the next when theirs is stopped", async () => {
    const [toolset, paused] = [newName("set"), newName("agent")];
    const leave = await ours.presence.join("tool-runner", []);
    // As of a runner that died: it was never alive, and holds the call for ever.
    const dead = openQueue(silent, toolset);
    const call = await sent(toolset, paused);
    await until(async () => (await dead.read(1, 10)).length > 0);
    const first = await serving(ours, toolset, paused);
    await until(() => first.kept.size === 1, { timeoutMs: 20_000 });
    await first.stop();
    const next = await serving(silent, toolset, paused);
    await until(() => next.kept.size === 1, { timeoutMs: 20_000 });
    expect([first.executed, next.executed]).toEqual([[], []]);
    await resume(paused);
    expect(await call.ended()).toMatchObject({ status: "completed" });
    expect(next.executed).toEqual([call.id]);
    await Promise.all([dead.close(), leave()]);
  }, 60_000);
});

it("[tool.late-read] begins no call that a read brings once calls are aborted, and leaves it to the next runner", async () => {
  const toolset = newName("set");
  const queue = openQueue(ours, toolset);
  // Creates the consumer group.
  await queue.read(1, 10);
  const reading = gate();
  const read = queue.read.bind(queue);
  queue.read = async (...of) => {
    await reading.pass();
    return read(...of);
  };
  const running = new RunningCalls();
  let executed = 0;
  const executor: Executor = {
    toolsets: () => [],
    execute: ({ signal }) => {
      executed += 1;
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
  };
  const loop = new ServeLoop(contextOf(queue, undefined, { running, executorOf: () => executor }), { concurrency: 1 });
  const aborted = gate();
  const abortAll = running.abortAll.bind(running);
  running.abortAll = (reason) => {
    abortAll(reason);
    aborted.open();
  };
  loop.start();
  await reading.reached;
  const call = await sent(toolset);
  const stopped = loop.stop(0);
  await aborted.pass();
  reading.open();
  await stopped;
  expect(executed).toBe(0);
  expect(await ours.toolCalls.state(call.call.conversation_id, call.id)).toEqual({ state: "absent" });
  expect((await ours.queues.stats(toolsTopic(toolset), TOOL_RUNNERS_GROUP)).pending).toBe(1);
}, 30_000);

it("[tool.broken-handling] fails a call that cannot be begun, so that nobody waits for it", async () => {
  const toolset = newName("set");
  const queue = openQueue(ours, toolset);
  const executor: Executor = {
    toolsets: () => [],
    admit: () => Promise.reject(new Error("broken")),
    execute: () => Promise.reject(new Error("never reached")),
  };
  const loop = new ServeLoop(contextOf(queue, undefined, { executorOf: () => executor }), { concurrency: 1 });
  loop.start();
  const call = await sent(toolset);
  expect(await call.ended()).toMatchObject({ status: "failed", error: { code: "tool_failed" } });
  await until(async () => (await ours.queues.stats(toolsTopic(toolset), TOOL_RUNNERS_GROUP)).length === 0);
  await loop.stop(0);
}, 30_000);
