import { gate, stampedWords, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { Stage } from "../test-fixtures/stage.ts";
import type { Talk } from "../test-fixtures/talk.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

const shown = stampedWords(10, 0).join("");
const attemptsOf = async (talk: Talk) => (await talk.events()).filter((event) => event.event === "attempt");

/** A run that one worker left in the middle of its first answer, all of it shown, and the next try given to another. */
async function leftBehind(...next: Parameters<Stage["model"]["enqueue"]>) {
  const first = await stage.worker();
  stage.model.enqueue([...stampedWords(10, 0), { hang: true }], ...next);
  const talk = stage.talk();
  const runId = await talk.say("hi");
  await talk.saysSoon(runId, "0.9");
  await first.stop(0);
  return { talk, runId };
}

it("[worker.takeover-keeps] a cancel before the new worker's model speaks keeps the text of the one before", async () => {
  const held = gate();
  const { talk, runId } = await leftBehind([{ waitFor: held }, "too late"], "next");
  await stage.worker();
  await held.reached;
  expect(await attemptsOf(talk)).toHaveLength(1);
  await stage.bus.conversations.cancelRun(runId, "user:ann");
  const { run, output } = await talk.ended(runId);
  held.open();
  expect(run).toMatchObject({ status: "cancelled", attempt: 2 });
  expect(output).toMatchObject({ text: shown, finish_reason: "cancelled", step: 0 });
  expect((await attemptsOf(talk)).slice(1)).toMatchObject([
    { attempt: 2, mode: "continue", step: 0, keep_offset: shown.length, cause: "takeover" },
  ]);
  expect((await talk.shown(runId)).restarts).toEqual([]);
  expect((await talk.ended(await talk.say("go on"))).text).toBe("next");
  expect(stage.model.requests.at(-1)?.request.messages.slice(1)).toMatchObject([
    { role: "user", text: "hi" },
    { role: "assistant", text: shown },
    { role: "user", text: "go on" },
  ]);
});

it("a model that refuses the next worker leaves the text of the one before", async () => {
  const { talk, runId } = await leftBehind({ status: 400 });
  await stage.worker();
  const { run, output } = await talk.ended(runId);
  expect(run.status).toBe("failed");
  expect(output).toMatchObject({ text: shown, finish_reason: "error" });
});

it("a run whose time is up when it is taken over keeps its text", async () => {
  const { talk, runId } = await leftBehind();
  await until(() => stage.model.requests[0]?.state === "aborted");
  const budget = { tokens_per_run: 200_000, seconds_per_run: 1, tool_calls_per_run: 64 };
  stage.model.enqueue([{ hang: true }]);
  await stage.worker({ budget });
  const { run, output } = await talk.ended(runId);
  expect(run).toMatchObject({ status: "incomplete", reason: "budget_seconds" });
  expect(output).toMatchObject({ text: shown, finish_reason: "budget" });
});

it("withdraws the text of the worker before once, right before the first new word", async () => {
  const { talk, runId } = await leftBehind({ status: 503 }, ["new ", "words"]);
  await stage.worker();
  const { run, output } = await talk.ended(runId);
  expect(run.status).toBe("completed");
  expect(output?.text).toBe("new words");
  expect((await talk.shown(runId)).restarts).toHaveLength(1);
  const kinds = (await talk.events()).map((event) => (event.event === "attempt" ? event.mode : event.event));
  const tail = kinds.slice(kinds.lastIndexOf("continue"));
  expect(tail.slice(0, 4)).toEqual(["continue", "error", "supersede", "token"]);
});

it("three workers in a row each see what the last word of all before them left", async () => {
  const held = gate();
  const { talk, runId } = await leftBehind(["second ", { hang: true }], [{ waitFor: held }]);
  const second = await stage.worker();
  await talk.saysSoon(runId, "second");
  await second.stop(0);
  await stage.worker();
  await held.reached;
  await stage.bus.conversations.cancelRun(runId, "user:ann");
  expect((await talk.ended(runId)).output?.text).toBe("second ");
  held.open();
});
