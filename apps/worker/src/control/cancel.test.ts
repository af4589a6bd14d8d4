import { gate, stampedWords, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { Stage } from "../test-fixtures/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

const cancel = (runId: string) => stage.bus.conversations.cancelRun(runId, "user:ann");
const ls = { toolCall: { id: "a", name: "files__ls", arguments: {} } };

it("[worker.cancel] stops an answer in its middle, keeps its text, and closes the connection to the model", async () => {
  await stage.worker();
  stage.model.enqueue([...stampedWords(10, 0), { hang: true }], "next");
  const talk = stage.talk();
  const runId = await talk.say("hi");
  await talk.saysSoon(runId, "0.9");
  await cancel(runId);
  const { run, output } = await talk.ended(runId);
  expect(run.status).toBe("cancelled");
  expect(output).toMatchObject({ text: stampedWords(10, 0).join(""), finish_reason: "cancelled" });
  expect(output?.usage.output_tokens).toBeGreaterThan(0);
  await until(() => stage.model.requests[0]?.state === "aborted");
  expect((await talk.ended(await talk.say("go on"))).text).toBe("next");
  expect(stage.model.requests[1]?.request.messages.slice(1)).toMatchObject([
    { role: "user", text: "hi" },
    { role: "assistant", text: stampedWords(10, 0).join("") },
    { role: "user", text: "go on" },
  ]);
});

it("obeys a cancel that came before any worker had the run", async () => {
  const talk = stage.talk();
  const runId = await talk.say("hi");
  await cancel(runId);
  await stage.worker();
  stage.model.script(() => "next");
  expect((await talk.ended(runId)).run.status).toBe("cancelled");
  expect((await talk.ended(await talk.say("go on"))).text).toBe("next");
  expect(stage.model.requests).toHaveLength(1);
});

it("obeys a cancel before the first word, without an output", async () => {
  await stage.worker();
  const held = gate();
  stage.model.enqueue([{ waitFor: held }, "too late"]);
  const talk = stage.talk();
  const runId = await talk.say("hi");
  await held.reached;
  await cancel(runId);
  const { run, output } = await talk.ended(runId);
  held.open();
  expect(run.status).toBe("cancelled");
  expect(output).toBeUndefined();
});

it("obeys a cancel while it waits to try again", async () => {
  await stage.worker();
  stage.model.enqueue({ status: 503, headers: { "retry-after": "60" } });
  const talk = stage.talk();
  const runId = await talk.say("hi");
  await until(async () => (await talk.events()).some((event) => event.event === "error"));
  await cancel(runId);
  expect((await talk.ended(runId)).run.status).toBe("cancelled");
});

it("[worker.cancel-tools] tells the tool-runners, and leaves no call open", async () => {
  const began = gate();
  const heard: string[] = [];
  const listener = await stage.bus.control.listen(["assistant"], (_, command) => {
    if (command.tool_call_id) heard.push(command.tool_call_id);
  });
  await stage.toolRunner("files", {
    ls: async () => {
      began.open();
      await until(() => heard.length > 0);
      return { status: "cancelled", content: [{ type: "text", text: "stopped halfway" }] };
    },
  });
  await stage.worker({ tools: ["files"] });
  stage.model.enqueue(["Let me look.", ls], "next");
  const talk = stage.talk();
  const runId = await talk.say("hi");
  await began.pass();
  await cancel(runId);
  const { run, output } = await talk.ended(runId);
  await listener.stop();
  expect(run.status).toBe("cancelled");
  expect(output).toMatchObject({ text: "Let me look.", finish_reason: "cancelled" });
  expect((await talk.shown(runId)).steps[0]?.tools).toMatchObject([{ status: "cancelled", output: "stopped halfway" }]);
  expect((await talk.ended(await talk.say("go on"))).text).toBe("next");
  expect(stage.model.requests[1]?.request.messages.map(({ role }) => role)).toEqual(
    "system user assistant tool user".split(" "),
  );
});

it("cancels a call that no tool-runner has begun, so that none ever will", async () => {
  const runner = await stage.toolRunner("other", {});
  await runner.stop();
  await stage.toolRunner("files", { ls: () => undefined });
  await stage.worker({ tools: ["files"] });
  stage.model.enqueue([ls]);
  const talk = stage.talk();
  const runId = await talk.say("hi");
  await until(async () => (await talk.events()).some((event) => event.event === "tool_step"));
  await cancel(runId);
  expect((await talk.ended(runId)).run.status).toBe("cancelled");
  expect((await talk.shown(runId)).steps[0]?.tools).toMatchObject([{ status: "cancelled" }]);
});
