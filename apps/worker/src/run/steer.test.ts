import { chatTopic } from "@holdfast/protocol";
import { gate, until } from "@holdfast/testing";
import { describe, expect, it, jest } from "@jest/globals";
import { stagedWorkers } from "../test-fixtures/staged-workers.ts";
import type { Talk } from "../test-fixtures/talk.ts";

// Some tests start real processes, which takes its time on a busy machine.
jest.setTimeout(120_000);

const on = stagedWorkers();

const TOOLS = { tools: ["files"] };
const ls = { toolCall: { id: "a", name: "files__ls", arguments: {} } };
/** What the model was told in its n-th call, without the instructions. */
const told = (call: number) =>
  (on.stage.model.requests[call]?.request.messages ?? [])
    .filter(({ role }) => role !== "system")
    .map(({ text }) => text);
const isEmpty = async () => (await on.stage.entries(chatTopic("assistant"))).length === 0;

async function expectSteered(talk: Talk, runId: string): Promise<void> {
  const { run, output } = await talk.ended(runId, 60_000);
  expect(run).toMatchObject({ status: "completed", reason: "steered", attempt: 0 });
  expect(output).toBeUndefined();
}

describe("a message that steers", () => {
  it("[steer.next-step] is heard at the next step of the running answer, in its place, and its own run ends without an answer", async () => {
    const held = gate();
    await on.stage.toolRunner("files", { ls: () => held.pass().then(() => "listed") });
    on.stage.model.enqueue(["I look.", ls], "In French.", "next turn");
    await on.stage.worker(TOOLS);
    const talk = on.stage.talk();
    const runId = await talk.say("what is there?");
    await held.reached;
    const steering = [await talk.steer("answer in French"), await talk.steer("and be brief")];
    const later = await talk.say("and then?");
    held.open();
    expect((await talk.ended(runId)).text).toBe("In French.");
    for (const id of steering) await expectSteered(talk, id);
    expect((await talk.ended(later)).text).toBe("next turn");
    const heard = ["what is there?", "I look.", "listed", "answer in French", "and be brief"];
    expect(told(1)).toEqual(heard);
    expect(told(2)).toEqual([...heard, "In French.", "and then?"]);
    expect((await talk.history()).map(({ content }) => content)).toEqual([
      ...heard,
      "In French.",
      "and then?",
      "next turn",
    ]);
    const turns = (await on.stage.entries(chatTopic(talk.id))).map(({ turn }) => turn);
    expect([...new Set(turns)]).toEqual(["1", "2", "3", "4"]);
    await until(isEmpty);
  });

  it("[steer.next-turn] becomes the next turn where no step follows, before all that waits", async () => {
    const held = gate();
    on.stage.model.enqueue(["first", { waitFor: held }], "second", "third", "fourth");
    await on.stage.worker();
    const talk = on.stage.talk();
    const first = await talk.say("one");
    await held.reached;
    const waiting = await talk.say("four");
    const steering = [await talk.steer("two"), await talk.steer("three")];
    held.open();
    expect((await talk.ended(first)).text).toBe("first");
    const texts = [];
    for (const id of [...steering, waiting]) texts.push((await talk.ended(id)).text);
    expect(texts).toEqual(["second", "third", "fourth"]);
    expect(told(3)).toEqual(["one", "first", "two", "second", "three", "third", "four"]);
  });

  it("is heard once where the step after it is tried again", async () => {
    const held = gate();
    await on.stage.toolRunner("files", { ls: () => held.pass().then(() => "listed") });
    on.stage.model.enqueue([ls], { status: 503 }, "done");
    await on.stage.worker(TOOLS);
    const talk = on.stage.talk();
    const runId = await talk.say("go");
    await held.reached;
    const steering = await talk.steer("left");
    held.open();
    expect((await talk.ended(runId)).text).toBe("done");
    await expectSteered(talk, steering);
    expect(told(2)).toEqual(["go", "", "listed", "left"]);
  });
});

describe("a worker that is killed", () => {
  it("[steer.takeover] before it heard the message: the next one hears it", async () => {
    const first = await on.workers.ready();
    const runner = await on.stage.toolRunner("files", { ls: () => "listed" });
    const held = gate();
    on.stage.model.script(({ call }) => (call === 0 ? ["I look.", { waitFor: held }] : call === 1 ? [ls] : ["done"]));
    const talk = on.stage.talk();
    const runId = await talk.say("go");
    await talk.saysSoon(runId, "look");
    const steering = await talk.steer("left");
    first.kill("SIGKILL");
    await on.workers.ready();
    expect((await talk.ended(runId, 60_000)).text).toBe("done");
    await expectSteered(talk, steering);
    expect(told(1)).toEqual(["go", "left"]);
    expect(told(2)).toEqual(["go", "left", "", "listed"]);
    expect(runner.executed).toHaveLength(1);
    await until(isEmpty);
  });

  it("[steer.takeover] after it heard the message: the next one tells the model again, in the same place and once", async () => {
    const first = await on.workers.ready();
    await on.stage.toolRunner("files", { ls: () => "listed" });
    const held = gate();
    on.stage.model.script(({ call }) => {
      if (call === 0) return ["I look.", { waitFor: held }, ls];
      return call === 1 ? ["going", { hang: true }] : ["done"];
    });
    const talk = on.stage.talk();
    const runId = await talk.say("go");
    await talk.saysSoon(runId, "look");
    const steering = await talk.steer("left");
    held.open();
    await talk.saysSoon(runId, "going");
    await expectSteered(talk, steering);
    const late = await talk.steer("no, right");
    first.kill("SIGKILL");
    await on.workers.ready();
    expect((await talk.ended(runId, 60_000)).text).toBe("done");
    await expectSteered(talk, late);
    expect(told(1)).toEqual(["go", "I look.", "listed", "left"]);
    expect(told(2)).toEqual(["go", "I look.", "listed", "left", "no, right"]);
    expect((await talk.history()).map(({ content }) => content)).toEqual([...told(2), "done"]);
    await until(isEmpty);
  });

  it("while its answer ends: what was to be steered into it is answered as a turn of its own", async () => {
    const first = await on.workers.ready();
    on.stage.model.script(({ call }) => (call === 0 ? ["one", { hang: true }] : ["answered"]));
    const talk = on.stage.talk();
    const runId = await talk.say("go");
    await talk.saysSoon(runId, "one");
    const steering = await talk.steer("left");
    await on.stage.bus.conversations.cancelRun(runId, "user:ann");
    first.kill("SIGKILL");
    await on.workers.ready();
    expect((await talk.ended(runId, 60_000)).run.status).toMatch(/cancelled/);
    // By the second worker, or by the first, which may have been killed in the middle of it.
    expect((await talk.ended(steering, 60_000)).text).toBe("answered");
    expect(told(1).at(-1)).toBe("left");
    await until(isEmpty);
  });
});
