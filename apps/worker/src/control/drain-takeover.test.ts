import { chatTopic } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { describe, expect, it, jest } from "@jest/globals";
import { redisCommand } from "../test-fixtures/redis-command.ts";
import { stagedWorkers } from "../test-fixtures/staged-workers.ts";
import type { Stage, StagedWorker } from "../test-fixtures/stage.ts";

// Each test starts real processes, which takes its time on a busy machine.
jest.setTimeout(120_000);

const on = stagedWorkers();

const control = (type: "drain" | "pause" | "resume") => on.stage.bus.control.send("assistant", { type, by: "user:op" });
const obeyed = (worker: StagedWorker, state: string) =>
  until(() => worker.log().some((line) => line["message"] === "agent state" && line["state"] === state), {
    timeoutMs: 20_000,
  });

/** A run in the hands of a worker that is killed, while the agent is in `state` and another worker is there. */
async function orphaned(command: "drain" | "pause", state: string, more: Parameters<Stage["worker"]>[1] = {}) {
  const first = await on.workers.ready();
  // By what was asked: which of several runs is begun first is not what is tested here.
  let tries = 0;
  on.stage.model.script(({ request }) => {
    if (request.messages.findLast((message) => message.role === "user")?.text !== "one") return "next";
    tries += 1;
    return tries === 1 ? ["half ", { hang: true }] : "whole";
  });
  const talk = on.stage.talk();
  const runId = await talk.say("one");
  await talk.saysSoon(runId, "half");
  const waiting = await talk.say("two");
  const elsewhere = on.stage.talk();
  await control(command);
  const second = await on.stage.worker({}, more);
  await obeyed(second, state);
  const fresh = await elsewhere.say("three");
  first.kill("SIGKILL");
  await first.exit;
  return { talk, runId, waiting, elsewhere, fresh };
}

describe("a run whose worker died", () => {
  it("[worker.drain-takeover] is finished by another while its agent drains, and nothing else is begun", async () => {
    const { talk, runId, waiting, elsewhere, fresh } = await orphaned("drain", "draining");
    expect((await talk.ended(runId)).text).toBe("whole");
    expect((await talk.shown(waiting)).status).toBe("queued");
    expect((await elsewhere.shown(fresh)).status).toBe("queued");
    await control("resume");
    await Promise.all([talk.ended(waiting), elsewhere.ended(fresh)]);
    await until(async () => (await on.stage.entries(chatTopic("assistant"))).length === 0, { timeoutMs: 20_000 });
  });

  it("[worker.pause-takeover] waits for the resume while its agent is paused", async () => {
    const { talk, runId } = await orphaned("pause", "paused");
    // As long as a takeover takes, and some.
    const beganAtMs = performance.now();
    await until(() => performance.now() - beganAtMs > 5_000, { timeoutMs: 10_000 });
    expect((await talk.shown(runId)).attempt).toBe(1);
    await control("resume");
    expect((await talk.ended(runId)).text).toBe("whole");
  });
});

it("[worker.pause-cancel] ends a run whose worker died at once where it is cancelled while its agent is paused", async () => {
  const { talk, runId, waiting } = await orphaned("pause", "paused");
  await on.stage.bus.conversations.cancelRun(runId, "user:ann");
  const { run, text } = await talk.ended(runId);
  expect([run.status, text]).toEqual(["cancelled", "half "]);
  expect((await talk.shown(waiting)).status).toBe("queued");
  await control("resume");
  await talk.ended(waiting);
});

it("[worker.drain-approved] goes on with a run that is approved while its agent drains, and begins nothing else", async () => {
  const runner = await on.stage.toolRunner("files", { rm: () => "removed" });
  const worker = await on.stage.worker({ tools: ["files"], approvals: { files: "always" } }, { concurrency: 1 });
  on.stage.model.enqueue([{ toolCall: { id: "a", name: "files__rm", arguments: {} } }], "done", "next");
  const talk = on.stage.talk();
  const runId = await talk.say("remove it");
  const asked = async () => (await on.stage.bus.approvals.waiting({ limit: 10 })).data[0];
  const { approval_id: id } = await until(asked, { timeoutMs: 20_000, what: "the run asks" });
  await control("drain");
  await obeyed(worker, "draining");
  const others = [on.stage.talk(), on.stage.talk()];
  const fresh = await Promise.all(others.map((other) => other.say("anyone?")));
  await on.stage.bus.approvals.decide(id, { decision: "approve", by: "user:ann" });
  expect((await talk.ended(runId)).text).toBe("done");
  expect(runner.executed).toHaveLength(1);
  for (const [at, other] of others.entries()) expect((await other.shown(fresh[at] ?? "")).status).toBe("queued");
  on.stage.model.enqueue("next");
  await control("resume");
  await Promise.all(others.map((other, at) => other.ended(fresh[at] ?? "")));
  await until(async () => (await on.stage.entries(chatTopic("assistant"))).length === 0);
});

it("[worker.stranded] finishes a run whose worker and queue entry are gone while its agent drains", async () => {
  const { talk, runId, waiting } = await orphaned("drain", "draining", { strandedMs: 600 });
  await redisCommand(on.stage.redis.port, "DEL", chatTopic("assistant"));
  expect((await talk.ended(runId)).text).toBe("whole");
  expect((await talk.shown(waiting)).status).toBe("queued");
});

it("[worker.stranded] works on a run whose queue entry is gone", async () => {
  const talk = on.stage.talk();
  const runId = await talk.say("one");
  await redisCommand(on.stage.redis.port, "DEL", chatTopic("assistant"));
  on.stage.model.enqueue("found");
  await on.stage.worker({}, { strandedMs: 600 });
  expect((await talk.ended(runId)).text).toBe("found");
});
