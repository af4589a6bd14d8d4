import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { AgentStates, type Bus, createRedisBus, type Entry, type WorkQueue } from "@holdfast/bus";
import {
  newUuid,
  TOOL_RUNNERS_GROUP,
  type ToolCall,
  type ToolOutput,
  type ToolResult,
  toolsTopic,
} from "@holdfast/protocol";
import { createLogger, createMetrics } from "@holdfast/telemetry";
import { gate, startRedis, type TestRedis, until } from "@holdfast/testing";
import type { Executor } from "./executor.ts";
import { toolRunnerMetrics } from "./metrics.ts";
import { RunningCalls } from "./running-calls.ts";
import { serveCall, type ServeContext } from "./serve-call.ts";

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

/** A call as it was read from the queue, and all that is answered to it. */
async function calledNow(): Promise<{ entry: Entry; call: ToolCall; queue: WorkQueue; answers: unknown[] }> {
  const call: ToolCall = {
    tool_call_id: "call_1",
    conversation_id: newUuid(),
    run_id: newUuid(),
    agent: "assistant",
    step: 0,
    name: "run",
    arguments: {},
    timeout_ms: 20_000,
    created_at: new Date().toISOString(),
  };
  const answers: (ToolOutput | ToolResult)[] = [];
  await ours.toolCalls.watch(call.conversation_id, (answer) => void answers.push(answer));
  const toolset = `set-${newUuid().slice(0, 8)}`;
  await ours.toolCalls.send(toolset, ours.toolCalls.callId(call.run_id, 0, 0), call, {});
  const queue = ours.queues.open({ topics: [toolsTopic(toolset)], group: TOOL_RUNNERS_GROUP });
  const [entry] = await until(async () => {
    const entries = await queue.read(1, 10);
    return entries.length > 0 && entries;
  });
  if (!entry) throw new Error("no entry was read");
  return { entry, call, queue, answers };
}

/** `begun` is told what the journal said to `start`, before anybody else is. */
function contextOf(queue: WorkQueue, begun: () => void, more: Partial<ServeContext> = {}): ServeContext {
  return {
    journal: {
      start: async (...of) => {
        const state = await ours.toolJournal.start(...of);
        begun();
        return state;
      },
      output: (...of) => ours.toolJournal.output(...of),
      finish: (...of) => ours.toolJournal.finish(...of),
    },
    queue,
    running: new RunningCalls(),
    metrics: toolRunnerMetrics(createMetrics({ service: "tool-runner", withProcess: false })),
    states: new AgentStates({ control: ours.control, agents: [] }),
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
  await serveCall(entry, contextOf(queue, cancel, { running, executorOf: () => executor }));
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
