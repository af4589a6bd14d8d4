import { AgentConfig } from "@holdfast/protocol";
import { gate, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Stage } from "../test-fixtures/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

const { budget } = AgentConfig.parse({ model: "m" });
const ls = (id: string) => ({ toolCall: { id, name: "files__ls", arguments: {} } });

it("[worker.budgets] ends a run at its number of steps, without running what the model would never hear of", async () => {
  const runner = await stage.toolRunner("files", { ls: () => "ok" });
  await stage.worker({ tools: ["files"], max_steps: 2 });
  stage.model.enqueue(["one", ls("a")], ["two", ls("b"), ls("c")]);
  const talk = stage.talk();
  const { run, output } = await talk.ended(await talk.say("go"));
  expect(run).toMatchObject({ status: "incomplete", reason: "max_steps" });
  expect(output).toMatchObject({ text: "two", finish_reason: "budget" });
  expect(runner.executed.map((call) => call.tool_call_id)).toEqual(["a"]);
  const cancelled = (await talk.events()).filter(
    (event) => event.event === "tool_step" && event.status === "cancelled",
  );
  expect(cancelled).toMatchObject([
    { tool_call_id: "b", error: { code: "max_steps" } },
    { tool_call_id: "c", error: { code: "max_steps" } },
  ]);
  // The conversation goes on: no call was left without a result.
  stage.model.enqueue("fine");
  expect((await talk.ended(await talk.say("and?"))).text).toBe("fine");
});

it("ends a run at its tokens", async () => {
  await stage.toolRunner("files", { ls: () => "ok" });
  await stage.worker({ tools: ["files"], budget: { ...budget, tokens_per_run: 100 } });
  stage.model.enqueue({ pieces: [ls("a")], usage: { inputTokens: 90, outputTokens: 20 } });
  const talk = stage.talk();
  const { run, output } = await talk.ended(await talk.say("go"));
  expect(run).toMatchObject({ status: "incomplete", reason: "budget_tokens", usage: { total_tokens: 110 } });
  expect(output).toBeUndefined();
});

it("calls an answer that the rest of the budget cut off by the budget's name", async () => {
  await stage.worker({ max_output_tokens: 500, budget: { ...budget, tokens_per_run: 60 } });
  stage.model.enqueue({ pieces: ["cut"], finishReason: "length" });
  const talk = stage.talk();
  const { run, output } = await talk.ended(await talk.say("go"));
  expect(stage.model.requests[0]?.request.maxOutputTokens).toBe(60);
  expect(run).toMatchObject({ status: "incomplete", reason: "budget_tokens" });
  expect(output).toMatchObject({ text: "cut", finish_reason: "budget" });
});

it("ends a run at its tool calls", async () => {
  const runner = await stage.toolRunner("files", { ls: () => "ok" });
  await stage.worker({ tools: ["files"], budget: { ...budget, tool_calls_per_run: 1 } });
  stage.model.enqueue(["one", ls("a")], [ls("b")]);
  const talk = stage.talk();
  const { run, output } = await talk.ended(await talk.say("go"));
  expect(run).toMatchObject({ status: "incomplete", reason: "budget_tool_calls" });
  expect(output).toMatchObject({ text: "", finish_reason: "budget" });
  expect(runner.executed).toHaveLength(1);
});

it("ends a run at its seconds, in the middle of an answer or of a tool", async () => {
  await stage.toolRunner("files", { ls: () => undefined });
  await stage.worker({ tools: ["files"], budget: { ...budget, seconds_per_run: 3 } });
  stage.model.enqueue(["so far", { hang: true }], [ls("a")]);
  const talk = stage.talk();
  const spoken = await talk.ended(await talk.say("go"));
  expect(spoken.run).toMatchObject({ status: "incomplete", reason: "budget_seconds" });
  expect(spoken.output).toMatchObject({ text: "so far", finish_reason: "budget" });
  expect(spoken.output?.usage.output_tokens).toBeGreaterThan(0);
  const worked = await talk.ended(await talk.say("go"));
  expect(worked.run).toMatchObject({ status: "incomplete", reason: "budget_seconds" });
  expect((await talk.events()).filter((event) => event.event === "tool_step")).toMatchObject([
    { status: "started" },
    { status: "cancelled" },
  ]);
});

describe("the budget of seconds", () => {
  const control = (type: "pause" | "resume") => stage.bus.control.send("assistant", { type, by: "user:op" });

  it("[worker.budget-paused] stands still while the agent is paused", async () => {
    const worker = await stage.worker({ budget: { ...budget, seconds_per_run: 3 } });
    const held = gate();
    stage.model.enqueue(["so far, ", { waitFor: held }, "so good"]);
    const talk = stage.talk();
    const runId = await talk.say("go");
    await held.reached;
    await control("pause");
    await until(() => worker.log().some((line) => line["state"] === "paused"));
    const pausedAtMs = performance.now();
    await until(() => performance.now() - pausedAtMs > 3_500);
    await control("resume");
    await until(() => worker.log().some((line) => line["state"] === "running"), { timeoutMs: 10_000 });
    held.open();
    const { run, text } = await talk.ended(runId);
    expect([run.status, text]).toEqual(["completed", "so far, so good"]);
  });

  it("goes on counting where an earlier attempt stopped, and not while nobody has the run", async () => {
    const first = await stage.worker();
    const began = gate();
    stage.model.enqueue([{ waitFor: began }, "done"]);
    const talk = stage.talk();
    const atMs = performance.now();
    await talk.say("go");
    await began.reached;
    const workedAtMs = performance.now();
    await until(() => performance.now() - workedAtMs > 300);
    await first.stop();
    const stoppedAtMs = performance.now();
    await until(() => performance.now() - stoppedAtMs > 500);
    const claim = await stage.bus.runs.claim(talk.id, "assistant");
    if (claim.outcome !== "claimed") throw new Error(claim.outcome);
    expect(claim.lease.run.workedMs).toBeGreaterThan(299);
    expect(claim.lease.run.workedMs).toBeLessThan(stoppedAtMs - atMs);
    began.open();
  });
});
