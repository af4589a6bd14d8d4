import { createRedisBus } from "@holdfast/bus";
import { chatTopic, controlTopic } from "@holdfast/protocol";
import { startRedis, stampedWords, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import type { ModelClient } from "../model/model-client.ts";
import { redisCommand } from "../test-fixtures/redis-command.ts";
import { Stage } from "../test-fixtures/stage.ts";
import { Talk } from "../test-fixtures/talk.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

/** A mistake of ours, `times` times; then the real thing. */
function failing(times: number): { clientOf: () => ModelClient; tries: () => number } {
  const real = stage.clients()("chat");
  let tries = 0;
  const client: ModelClient = {
    async stream(request, signal, listener) {
      tries += 1;
      if (tries <= times) throw new TypeError("a mistake of ours");
      return real.stream(request, signal, listener);
    },
  };
  return { clientOf: () => client, tries: () => tries };
}

it("tries a run again that failed by a mistake of ours", async () => {
  const { clientOf } = failing(2);
  await stage.worker({}, { clientOf });
  stage.model.script(() => "fine after all");
  const talk = stage.talk();
  const { run, text } = await talk.ended(await talk.say("hi"));
  expect(text).toBe("fine after all");
  expect(run).toMatchObject({ status: "completed", attempt: 3 });
  expect(await stage.entries(`dlq:${chatTopic("assistant")}`)).toEqual([]);
});

it("[worker.three-failures] gives a run up after three failures, and the worker goes on", async () => {
  const { clientOf, tries } = failing(6);
  await stage.worker({}, { clientOf });
  stage.model.script(() => "fine");
  const talk = stage.talk();
  const runs = [await talk.say("one"), await talk.say("two"), await talk.say("three")];
  for (const runId of runs.slice(0, 2)) {
    const { run, output } = await talk.ended(runId);
    expect(run).toMatchObject({ status: "failed", error: { code: "internal", retryable: true } });
    expect(output).toBeUndefined();
  }
  expect((await talk.ended(runs[2] ?? "")).text).toBe("fine");
  expect(tries()).toBe(7);
  // The second message's own entry was acknowledged while the first one's stood for the whole inbox.
  const topic = `dlq:${chatTopic("assistant")}`;
  await until(async () => (await stage.entries(topic)).length === 2);
  const letters = await stage.entries(topic);
  const contents = letters.map(({ payload = "" }) => (JSON.parse(payload) as { content: string }).content);
  expect(contents.toSorted()).toEqual(["one", "two"]);
  expect(letters.every(({ error }) => error?.startsWith("internal"))).toBe(true);
  for (const { deliveries, source_id = "", first_seen = "" } of letters) {
    expect(deliveries).toBe("1");
    expect(source_id).toMatch(/^\d+-\d+$/);
    expect(Date.parse(first_seen)).toBe(Number(source_id.split("-")[0]));
  }
  await until(async () => (await stage.entries(chatTopic("assistant"))).length === 0);
  // Nobody writes them a second time.
  const shards = Array.from({ length: 16 }, (_, shard) => `outbox:${shard}`);
  const notes = () => Promise.all(shards.map((shard) => redisCommand(stage.redis.port, "ZCARD", shard)));
  await until(async () => (await notes()).every((count) => count === 0));
});

it("[worker.given-up-calls] leaves no call of a run that is given up as if it still ran", async () => {
  const bus = createRedisBus({ url: stage.redis.url });
  const { toolCalls } = bus;
  const send: typeof toolCalls.send = async (toolset, id, call, trace) => {
    if (call.tool_call_id === "sent") return toolCalls.send(toolset, id, call, trace);
    await until(() => runner.executed.length === 1);
    throw new TypeError("a mistake of ours");
  };
  const runner = await stage.toolRunner("files", { ls: () => undefined });
  const { callId, state, giveUp, isServed, watch } = toolCalls;
  const bound = { callId, state, giveUp, isServed, watch };
  for (const [name, method] of Object.entries(bound)) Object.assign(bound, { [name]: method.bind(toolCalls) });
  const worker = await stage.worker({ tools: ["files"] }, { bus: { ...bus, toolCalls: { ...bound, send } } });
  try {
    const ls = (id: string) => ({ toolCall: { id, name: "files__ls", arguments: {} } });
    stage.model.enqueue(["I look.", ls("sent"), ls("stuck")], "fine");
    const talk = stage.talk();
    const runId = await talk.say("one");
    const { run, output } = await talk.ended(runId);
    expect(run).toMatchObject({ status: "failed", error: { code: "internal" } });
    expect(output).toMatchObject({ text: "I look.", finish_reason: "error" });
    expect((await talk.shown(runId)).steps[0]?.tools).toMatchObject([
      { toolCallId: "sent", status: "unknown", error: { code: "outcome_unknown" } },
      { toolCallId: "stuck", status: "cancelled", error: { code: "run_failed" } },
    ]);
    // Whoever runs it is told that nobody waits for it.
    const commands = (await stage.entries(controlTopic("assistant"))).map(
      ({ payload = "" }) => JSON.parse(payload) as object,
    );
    expect(commands).toMatchObject([{ type: "cancel", run_id: runId, tool_call_id: "sent" }]);
    // The conversation goes on, and the model knows.
    expect((await talk.ended(await talk.say("two"))).text).toBe("fine");
    expect(stage.model.requests.at(-1)?.request.messages.map(({ text }) => text)).toEqual(
      expect.arrayContaining([expect.stringMatching(/unknown/), expect.stringMatching(/Cancelled/)]),
    );
  } finally {
    await worker.stop();
    await bus.close();
  }
});

it("[worker.redis-kill] loses no token when Redis is killed in the middle of an answer and comes back", async () => {
  const redis = await startRedis({ aof: true, args: ["--appendfsync", "always"] });
  const bus = createRedisBus({ url: redis.url });
  try {
    const worker = await stage.worker({}, {}, redis.url);
    const words = stampedWords(200, 0);
    stage.model.enqueue({ pieces: words, delayMs: 10 });
    const talk = new Talk(bus);
    const runId = await talk.say("hi");
    await talk.saysSoon(runId, "0.50");
    await redis.kill("SIGKILL");
    await redis.restart();
    const { run, output } = await talk.ended(runId, 30_000);
    expect(run).toMatchObject({ status: "completed", attempt: 1 });
    expect(output?.text).toBe(words.join(""));
    await worker.stop();
  } finally {
    await bus.close();
    await redis.stop();
  }
});
