import { AgentConfig, type ControlCommand, chatTopic, newUuid } from "@holdfast/protocol";
import { gate, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Stage, type StagedWorker } from "../test-fixtures/stage.ts";
import type { Talk } from "../test-fixtures/talk.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

const ls = { toolCall: { id: "a", name: "files__ls", arguments: {} } };
const control = (type: ControlCommand["type"]) => stage.bus.control.send("assistant", { type, by: "user:op" });
const states = (worker: StagedWorker) =>
  worker
    .log()
    .flatMap((line) => (line["message"] === "agent state" && line["agent"] === "assistant" ? [line["state"]] : []));
const obeyed = (worker: StagedWorker, state: string) =>
  until(() => states(worker).at(-1) === state, { timeoutMs: 20_000 });
const controlEvents = async (talk: Talk) => (await talk.events()).filter((event) => event.event === "control");

/** A worker of two agents: what `other` does in the meantime shows that `assistant` could have. */
function workerOfTwo() {
  const assistant = AgentConfig.parse({ model: "scripted-model", tools: ["files"], approvals: { files: "never" } });
  return stage.worker({}, { agents: { assistant, other: AgentConfig.parse({ model: "other-model" }) } });
}

/** A whole run of the other agent. */
async function meanwhile(): Promise<void> {
  const talk = stage.talk();
  const payload = JSON.stringify({ conversation_id: talk.id, content: "meanwhile" });
  await stage.bus.queues.publish(chatTopic("other"), newUuid(), payload, {});
  const hasEnded = async () => (await talk.events()).some((event) => event.event === "output");
  await until(hasEnded, { timeoutMs: 20_000, what: "the other agent answers" });
}

/** Answers in order to `assistant`; the other agent is always answered. */
function script(...replies: Parameters<Stage["model"]["enqueue"]>) {
  let next = 0;
  stage.model.script(({ request }) =>
    request.model === "other-model" ? "other" : (replies[(next += 1) - 1] ?? "more"),
  );
}
const calls = () => stage.model.requests.filter(({ request }) => request.model !== "other-model").length;

describe("a paused agent", () => {
  it("[worker.pause] starts no run, also where it was paused before the worker came, and goes on after resume", async () => {
    await control("pause");
    const talk = stage.talk();
    const runId = await talk.say("hi");
    script("fine");
    const worker = await workerOfTwo();
    await meanwhile();
    expect(states(worker)).toEqual(["paused"]);
    expect((await talk.shown(runId)).status).toBe("queued");
    const late = await talk.say("accepted all the same");
    await meanwhile();
    expect(calls()).toBe(0);
    await control("resume");
    expect((await talk.ended(runId)).text).toBe("fine");
    expect((await talk.ended(late)).text).toBe("more");
  });

  it("[worker.pause-all] costs nothing and hears the resume, where it is the only agent of its worker", async () => {
    script("fine");
    const worker = await stage.worker();
    await control("pause");
    await obeyed(worker, "paused");
    const talk = stage.talk();
    const runId = await talk.say("hi");
    const before = process.cpuUsage();
    // Longer than a read blocks, and than a worker without a beat counts as alive.
    const beganAtMs = performance.now();
    await until(() => performance.now() - beganAtMs > 3_000);
    expect(await stage.bus.presence.members("worker")).toHaveLength(1);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_500);
    expect((await talk.shown(runId)).status).toBe("queued");
    await control("resume");
    expect((await talk.ended(runId)).text).toBe("fine");
  });

  it("starts no model call: a run waits between its steps", async () => {
    const held = gate();
    await stage.toolRunner("files", { ls: () => held.pass().then(() => "listed") });
    script([ls], "done");
    const worker = await workerOfTwo();
    const talk = stage.talk();
    const runId = await talk.say("hi");
    await held.reached;
    await control("pause");
    await obeyed(worker, "paused");
    held.open();
    const isListed = async () => (await talk.shown(runId)).steps[0]?.tools[0]?.status === "completed";
    await until(isListed, { timeoutMs: 20_000 });
    await meanwhile();
    expect(calls()).toBe(1);
    await control("resume");
    expect((await talk.ended(runId)).text).toBe("done");
  });

  it("starts no tool call, and a cancel still ends the run", async () => {
    const held = gate();
    const runner = await stage.toolRunner("files", { ls: () => "listed" });
    script(["I look.", { waitFor: held }, ls]);
    const worker = await workerOfTwo();
    const talk = stage.talk();
    const runId = await talk.say("hi");
    await talk.saysSoon(runId, "look");
    await control("pause");
    await obeyed(worker, "paused");
    held.open();
    await until(async () => (await talk.events()).some((event) => event.event === "step"), { timeoutMs: 20_000 });
    await meanwhile();
    expect(runner.executed).toEqual([]);
    await stage.bus.conversations.cancelRun(runId, "user:ann");
    const { run, output } = await talk.ended(runId);
    expect(run.status).toBe("cancelled");
    expect(output?.text).toBe("I look.");
    expect((await talk.shown(runId)).steps[0]?.tools).toMatchObject([{ status: "cancelled" }]);
    expect(runner.executed).toEqual([]);
  });
});

it("[worker.drain-agent] a draining agent finishes its runs, tools and all, and begins none until it is resumed", async () => {
  const held = gate();
  const runner = await stage.toolRunner("files", { ls: () => "listed" });
  script(["I look.", { waitFor: held }, ls], "done", "next");
  const worker = await workerOfTwo();
  const talk = stage.talk();
  const runId = await talk.say("hi");
  await talk.saysSoon(runId, "look");
  const waiting = await talk.say("and then?");
  const elsewhere = stage.talk();
  await control("drain");
  await obeyed(worker, "draining");
  const fresh = await elsewhere.say("anyone?");
  held.open();
  expect((await talk.ended(runId)).text).toBe("done");
  expect(runner.executed).toHaveLength(1);
  await meanwhile();
  expect((await talk.shown(waiting)).status).toBe("queued");
  expect((await elsewhere.shown(fresh)).status).toBe("queued");
  await control("resume");
  const answers = [(await talk.ended(waiting)).text, (await elsewhere.ended(fresh)).text];
  expect(answers.toSorted()).toEqual(["more", "next"]);
});

it("[worker.control-event] a command is told once to a conversation with an unfinished run, however many workers obey", async () => {
  const held = gate();
  script([{ waitFor: held }, "done"]);
  const workers = [await workerOfTwo(), await workerOfTwo()];
  const talk = stage.talk();
  const idle = stage.talk();
  const runId = await talk.say("hi");
  await held.reached;
  for (const [command, state] of [
    ["pause", "paused"],
    ["resume", "running"],
  ] as const) {
    await control(command);
    for (const worker of workers) await obeyed(worker, state);
    const isTold = async () => (await controlEvents(talk)).some((event) => event.state === state);
    await until(isTold, { timeoutMs: 20_000 });
  }
  held.open();
  expect((await talk.ended(runId)).text).toBe("done");
  for (const worker of workers) await worker.stop();
  expect(await controlEvents(talk)).toMatchObject([
    { command: "pause", state: "paused", by: "user:op" },
    { command: "resume", state: "running", by: "user:op" },
  ]);
  expect(await idle.events()).toEqual([]);
});
