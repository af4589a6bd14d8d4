import { createRedisBus } from "@holdfast/bus";
import { controlTopic, newUuid } from "@holdfast/protocol";
import { gate, stampedWords, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { Stage } from "../test-fixtures/stage.ts";
import { catalogTool } from "../test-fixtures/tool-runner-double.ts";

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

it("[worker.cancel-by-hand] obeys a cancel that somebody put in the control topic, also of a run that waits", async () => {
  await stage.worker();
  stage.model.enqueue([...stampedWords(10, 0), { hang: true }]);
  const talk = stage.talk();
  const [active, waiting] = [await talk.say("hi"), await talk.say("later")];
  await talk.saysSoon(active, "0.9");
  for (const runId of [waiting, active]) {
    const payload = JSON.stringify({ type: "cancel", run_id: runId, by: "ops" });
    await stage.bus.queues.publish(controlTopic("assistant"), newUuid(), payload, {});
  }
  expect((await talk.ended(active)).run.status).toBe("cancelled");
  expect((await talk.ended(waiting)).run.status).toBe("cancelled");
  expect(stage.model.requests).toHaveLength(1);
});

it("[worker.cancel-unheard] obeys a cancel that was put in the control topic while no worker was there", async () => {
  const talk = stage.talk();
  const runId = await talk.say("hi");
  const payload = JSON.stringify({ type: "cancel", run_id: runId, by: "ops" });
  await stage.bus.queues.publish(controlTopic("assistant"), newUuid(), payload, {});
  // As a gateway looks at it.
  expect(await stage.bus.control.state("assistant")).toBe("running");
  stage.model.script(() => ["half ", { hang: true }]);
  await stage.worker();
  expect((await talk.ended(runId)).run.status).toBe("cancelled");
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

it("[worker.cancel-tools] reaches a tool-runner that begins the call in the moment of its cancel", async () => {
  const tools = [catalogTool("files", "ls")];
  await stage.bus.catalog.publish([{ toolset: "files", state: "ready", tools }], 60_000);
  const bus = createRedisBus({ url: stage.redis.url });
  const { toolCalls: calls, control } = bus;
  let hasBegun = false;
  const result = { event: "tool_result", tool_call_id: "a", status: "cancelled", duration_ms: 1 } as const;
  const content = [{ type: "text", text: "stopped halfway" }];
  const worker = await stage.worker(
    { tools: ["files"] },
    {
      bus: {
        ...bus,
        toolCalls: {
          callId: (...args) => calls.callId(...args),
          state: (...args) => calls.state(...args),
          send: (...args) => calls.send(...args),
          isServed: (...args) => calls.isServed(...args),
          watch: (...args) => calls.watch(...args),
          async giveUp(...args) {
            hasBegun = (await bus.toolJournal.start(...args)).state === "begun";
            return calls.giveUp(...args);
          },
        },
        control: {
          state: (...args) => control.state(...args),
          announce: (...args) => control.announce(...args),
          obeyCancels: (...args) => control.obeyCancels(...args),
          listen: (...args) => control.listen(...args),
          async send(...args) {
            await control.send(...args);
            const id = calls.callId(args[1].run_id ?? "", 0, 0);
            // A bell that rings before the call is begun is heard by nobody.
            if (hasBegun) await bus.toolJournal.finish(talk.id, id, { ...result, id, content });
          },
        },
      },
    },
  );
  stage.model.enqueue([ls]);
  const talk = stage.talk();
  const runId = await talk.say("hi");
  await until(async () => (await stage.entries("tools:files")).length === 1, { timeoutMs: 20_000 });
  await cancel(runId);
  await talk.ended(runId);
  expect((await talk.shown(runId)).steps[0]?.tools).toMatchObject([{ status: "cancelled", output: "stopped halfway" }]);
  await worker.stop();
  await bus.close();
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
