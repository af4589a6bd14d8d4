import { AgentStates, createRedisBus, type Entry, type RunLease } from "@holdfast/bus";
import { chatTopic, newUuid, type StreamEvent, WORKERS_GROUP } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { PassThrough } from "node:stream";
import { createLogger } from "@holdfast/telemetry";
import { redisCommand } from "../test-fixtures/redis-command.ts";
import { Stage } from "../test-fixtures/stage.ts";
import type { RunResult } from "../run/run-result.ts";
import { EntryHandler, type EntryHandlerDeps } from "./entry-handler.ts";
import { Ward } from "./ward.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await stage.clear();
});
afterAll(() => stage.close());

const topic = chatTopic("assistant");
const letters = () => stage.entries(`dlq:${topic}`);

async function failRun(lease: RunLease): Promise<RunResult> {
  const usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
  const error = { code: "internal", message: "given up", retryable: true };
  await lease.finish({ status: "failed", reason: error.code, error, usage, history: [] });
  return { outcome: "ended", isLast: false, giveUp: error };
}

/** A handler of its own over the stage's bus. */
function handlerWith(deps: Pick<EntryHandlerDeps, "execute" | "draining">) {
  const { conversations, runs, control } = stage.bus;
  const queue = stage.bus.queues.open({ topics: [topic], group: WORKERS_GROUP });
  const logger = createLogger({ service: "worker", destination: new PassThrough() });
  const states = new AgentStates({ control, agents: ["assistant"] });
  const given = { conversations, runs, queue, states, ward: new Ward(), logger, giveUpRun: failRun, ...deps };
  return { queue, handler: new EntryHandler({ ...given, serves: () => true }) };
}

/** The same with the first entry of the queue. */
async function handling(deps: Pick<EntryHandlerDeps, "execute" | "draining">) {
  const { queue, handler } = handlerWith(deps);
  let entries: Entry[] = [];
  await until(async () => (entries = await queue.read(1, 50)).length > 0);
  const handle = async () => {
    for (const entry of entries) await handler.handle(entry);
    await queue.close();
  };
  return { handle, entries };
}

it("[worker.no-stuck-run] ends a run that cannot be handled, and goes on with the turns behind it", async () => {
  const talk = stage.talk();
  const stuck = await talk.say("one");
  const next = await talk.say("two");
  let tries = 0;
  const execute = async (lease: RunLease) => {
    if (lease.run.id !== stuck) return failRun(lease).then((): RunResult => ({ outcome: "ended", isLast: false }));
    tries += 1;
    throw new TypeError("a mistake of ours");
  };
  const { handle } = await handling({ execute, draining: new AbortController().signal });
  await handle();
  expect(tries).toBe(5);
  expect((await talk.ended(stuck)).run).toMatchObject({ status: "failed", error: { code: "internal" } });
  expect((await talk.ended(next)).run.status).toBe("failed");
  expect((await letters()).map(({ payload = "" }) => (JSON.parse(payload) as { content: string }).content)).toEqual([
    "one",
  ]);
});

it("ends the run of a message that was accepted and cannot be found to be", async () => {
  const talk = stage.talk();
  const runId = await talk.say("hi");
  const [said] = (await talk.events()).flatMap((event) => (event.event === "user_message" ? [event.message_id] : []));
  await redisCommand(stage.redis.port, "HSET", `{stream:${talk.id}}:messages`, said ?? "", "no record");
  await stage.worker();
  await until(async () => (await letters()).length === 1, { timeoutMs: 20_000 });
  expect((await talk.ended(runId)).run).toMatchObject({ status: "failed", message_id: said });
  await until(async () => (await stage.entries(topic)).length === 0);
});

it("works on a message although its accept failed once it was in the inbox", async () => {
  const talk = stage.talk();
  // Not a stream: what is accepted cannot be published there.
  await redisCommand(stage.redis.port, "SET", chatTopic(talk.id), "x");
  stage.model.script(() => "answered all the same");
  await stage.worker();
  const id = newUuid();
  await stage.bus.queues.publish(topic, id, JSON.stringify({ conversation_id: talk.id, content: "hi" }), {});
  const isOver = (events: StreamEvent[]) => events.some((event) => event.event === "output");
  await until(async () => isOver(await talk.events()), { timeoutMs: 20_000 });
  expect((await talk.events()).at(-1)).toMatchObject({ event: "run", status: "completed", message_id: id });
});

it("[worker.drain-letter] settles a dead letter before it hands the rest of the inbox over", async () => {
  const draining = new AbortController();
  const talk = stage.talk();
  const [given, waiting] = [await talk.say("one"), await talk.say("two")];
  const execute = async (lease: RunLease) => {
    draining.abort();
    return failRun(lease);
  };
  const { handle, entries } = await handling({ execute, draining: draining.signal });
  await handle();
  expect((await talk.ended(given)).run.status).toBe("failed");
  expect((await talk.shown(waiting)).status).toBe("queued");
  const contents = (await letters()).map(({ payload = "" }) => (JSON.parse(payload) as { content: string }).content);
  expect(contents).toEqual(["one"]);
  expect(await letters()).toMatchObject([{ deliveries: "1", source_id: entries[0]?.entryId }]);
  stage.model.enqueue("fine");
  await stage.worker();
  expect((await talk.ended(waiting)).text).toBe("fine");
  expect(await letters()).toHaveLength(1);
});

/**
 * A worker that claimed a run and whose sign of life was away when another reclaimed its entry, but is there again; and that
 * other one's handler.
 */
async function mistakenForDead() {
  const talk = stage.talk();
  const runId = await talk.say("one");
  const slow = createRedisBus({ url: stage.redis.url });
  await slow.presence.join("worker", []);
  const own = slow.queues.open({ topics: [topic], group: WORKERS_GROUP });
  const entry = await until(async () => (await own.read(1, 50))[0]);
  const claim = await slow.runs.claim(talk.id, "assistant", { entry });
  if (claim.outcome !== "claimed") throw new Error("nothing to claim");
  const { queue, handler } = handlerWith({ execute: failRun, draining: new AbortController().signal });
  const taken = await until(async () => {
    await redisCommand(stage.redis.port, "DEL", `alive:${slow.instance}`);
    return (await queue.reclaim(1))[0];
  });
  await until(() => stage.bus.presence.isAlive(slow.instance));
  const finish = async () => {
    await failRun(claim.lease);
    await own.ack(entry);
  };
  closing.push(() => Promise.all([own.close(), queue.close()]).then(() => slow.close()));
  return {
    talk,
    runId,
    slow,
    queue,
    finish,
    handle: (reclaimedFrom = slow.instance) => handler.handle({ ...taken, reclaimedFrom }),
  };
}

it("[worker.seemed-dead] gives an entry back to a worker that only seemed dead and works on it", async () => {
  const { runId, talk, slow, handle, finish } = await mistakenForDead();
  await handle();
  const pending = await redisCommand(stage.redis.port, "XPENDING", topic, WORKERS_GROUP, "-", "+", "10");
  expect(JSON.stringify(pending)).toContain(slow.instance);
  await finish();
  expect((await talk.ended(runId)).run.status).toBe("failed");
  expect(await stage.entries(topic)).toHaveLength(0);
});

it("[worker.seemed-dead] gives an entry to the worker that works on it, also where nobody knows whom it was taken from", async () => {
  const { runId, talk, slow, queue, handle, finish } = await mistakenForDead();
  await handle(queue.consumer);
  const pending = await redisCommand(stage.redis.port, "XPENDING", topic, WORKERS_GROUP, "-", "+", "10");
  expect(JSON.stringify(pending)).toContain(slow.instance);
  await finish();
  expect((await talk.ended(runId)).run.status).toBe("failed");
  expect(await stage.entries(topic)).toHaveLength(0);
});

it("acknowledges an entry that was a dead worker's while another has the run, under an entry of its own", async () => {
  const { handle } = await mistakenForDead();
  await handle("one that died");
  expect(await stage.entries(topic)).toHaveLength(0);
});

it("settles an entry whose owner came to its end just before it was given back", async () => {
  const { queue, handle, finish } = await mistakenForDead();
  const giveTo = queue.giveTo.bind(queue);
  queue.giveTo = async (entry, owner) => {
    await finish();
    await giveTo(entry, owner);
  };
  await handle();
  expect(await stage.entries(topic)).toHaveLength(0);
});
