import { newUuid, type ToolStepEvent } from "@holdfast/protocol";
import { gate, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Stage } from "../test-fixtures/stage.ts";
import type { Talk } from "../test-fixtures/talk.ts";
import { catalogTool } from "../test-fixtures/tool-runner-double.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

const ls = (id: string, args: unknown = { path: id }) => ({ toolCall: { id, name: "files__ls", arguments: args } });

async function toolSteps(talk: Talk): Promise<ToolStepEvent[]> {
  return (await talk.events()).filter((event) => event.event === "tool_step");
}

async function statuses(talk: Talk): Promise<string[]> {
  return (await toolSteps(talk)).map(({ tool_call_id, status }) => `${tool_call_id} ${status}`);
}

describe.each(["chat", "responses"] as const)("over the %s API", (api) => {
  it("[worker.tools] runs the calls of a step in parallel and goes on with all their results", async () => {
    const bothBegan = gate();
    let began = 0;
    const runner = await stage.toolRunner("files", {
      ls: async ({ call, output }) => {
        if ((began += 1) === 2) bothBegan.open();
        await bothBegan.pass();
        await output(`looking at ${call.tool_call_id}\n`);
        return `contents of ${call.tool_call_id}`;
      },
    });
    await stage.worker({ api, tools: ["files"] });
    stage.model.enqueue(["Let me look.", ls("a"), ls("b")], ["Two folders."]);
    const talk = stage.talk();
    const runId = await talk.say("what is there?");
    const { run, output } = await talk.ended(runId);
    expect(run.status).toBe("completed");
    expect(output?.text).toBe("Two folders.");
    expect(runner.executed.map(({ tool_call_id }) => tool_call_id).toSorted()).toEqual(["a", "b"]);
    expect(stage.model.requests[0]?.request.tools).toMatchObject([{ name: "files__ls" }]);
    expect(stage.model.requests[1]?.request.messages.slice(2)).toMatchObject([
      { role: "assistant", text: "Let me look.", toolCalls: [{ id: "a" }, { id: "b" }] },
      { role: "tool", callId: "a", text: "contents of a" },
      { role: "tool", callId: "b", text: "contents of b" },
    ]);
    const [first, second] = (await talk.shown(runId)).steps;
    expect(first).toMatchObject({ text: "Let me look.", isClosed: true, finishReason: "tool_calls" });
    expect(first?.tools).toMatchObject([
      { toolCallId: "a", name: "files__ls", args: { path: "a" }, status: "completed", output: "looking at a\n" },
      { toolCallId: "b", status: "completed", resultSummary: "contents of b" },
    ]);
    expect(second?.text).toBe("Two folders.");
    expect((await talk.history()).map(({ role, content }) => `${role}: ${content}`)).toEqual([
      "user: what is there?",
      "assistant: Let me look.",
      "tool: contents of a",
      "tool: contents of b",
      "assistant: Two folders.",
    ]);
  });

  it("[worker.steps] works through many steps and adds up their usage", async () => {
    await stage.toolRunner("files", { ls: () => "ok" });
    const worker = await stage.worker({ api, tools: ["files"] });
    const usage = { inputTokens: 10, outputTokens: 2 };
    const step = (id: string) => ({ pieces: [ls(id)], usage });
    stage.model.enqueue(step("a"), step("b"), step("c"), { pieces: ["done"], usage });
    const talk = stage.talk();
    const runId = await talk.say("go");
    const { output } = await talk.ended(runId);
    expect(output).toMatchObject({ text: "done", usage: { input_tokens: 40, output_tokens: 8, total_tokens: 48 } });
    expect((await stage.bus.conversations.findRun(runId))?.usage.total_tokens).toBe(48);
    expect(await worker.metrics.render()).toMatch(
      /holdfast_tool_calls_total\{agent="assistant",tool="files__ls",status="completed"\} 3/,
    );
    // The next turn's context holds the calls and results of this one.
    stage.model.enqueue("again");
    await talk.ended(await talk.say("more"));
    expect(stage.model.requests.at(-1)?.request.messages.map(({ role }) => role)).toEqual(
      "system user assistant tool assistant tool assistant tool assistant user".split(" "),
    );
  });
});

describe("calls that are not sent", () => {
  it("[worker.arguments] tells the model what is wrong with its arguments or the tool's name", async () => {
    const schema = { type: "object", properties: { path: { type: "string" } }, required: ["path"] };
    const runner = await stage.toolRunner("files", { ls: () => "ok" }, { input_schema: schema });
    await stage.worker({ tools: ["files"] });
    stage.model.enqueue(
      [
        ls("broken", "{path"),
        ls("wrong", { path: 7 }),
        { toolCall: { id: "none", name: "files__rm", arguments: {} } },
        { toolCall: { id: "loose", name: "files", arguments: { path: "a" } } },
      ],
      ["I see."],
    );
    const talk = stage.talk();
    expect((await talk.ended(await talk.say("go"))).text).toBe("I see.");
    expect(runner.executed.map(({ tool_call_id }) => tool_call_id)).toEqual(["loose"]);
    const ended = (await toolSteps(talk)).filter(({ status }) => status === "failed");
    expect(ended.map((event) => [event.tool_call_id, event.error?.code])).toEqual([
      ["broken", "invalid_arguments"],
      ["wrong", "invalid_arguments"],
      ["none", "unknown_tool"],
    ]);
    const told = stage.model.requests[1]?.request.messages.filter(({ role }) => role === "tool");
    expect(told?.map(({ text }) => text)).toEqual([
      expect.stringMatching(/not a JSON object/),
      expect.stringMatching(/\/path must be string/),
      expect.stringMatching(/no tool named "files__rm"/),
      "ok",
    ]);
  });
});

describe("calls without an answer", () => {
  it("fails a call that no tool-runner took", async () => {
    const tools = [catalogTool("files", "ls", { timeout_ms: 100 })];
    await stage.bus.catalog.publish([{ toolset: "files", state: "ready", tools }], 60_000);
    await stage.worker({ tools: ["files"] });
    stage.model.enqueue([ls("a")], ["Nobody there."]);
    const talk = stage.talk();
    const runId = await talk.say("go");
    expect((await talk.ended(runId)).text).toBe("Nobody there.");
    expect(await statuses(talk)).toEqual(["a started", "a failed"]);
    const id = stage.bus.toolCalls.callId(runId, 0, 0);
    expect(await stage.bus.toolJournal.start(talk.id, id)).toEqual({ state: "cancelled" });
  });

  it("[worker.unknown] calls the outcome unknown when a runner that began is gone or late, and says so to the model", async () => {
    const runner = await stage.toolRunner("files", { ls: () => undefined }, { timeout_ms: 100 });
    await stage.worker({ tools: ["files"] });
    stage.model.enqueue([ls("late")], ["I will check."], [ls("gone")], ["I will check again."]);
    const talk = stage.talk();
    await talk.ended(await talk.say("go"));
    expect(await statuses(talk)).toEqual(["late started", "late unknown"]);
    expect(stage.model.requests[1]?.request.messages.at(-1)?.text).toMatch(/unknown.*may or may not/s);
    const second = await talk.say("again");
    await until(() => runner.executed.length === 2);
    await runner.stop();
    await talk.ended(second);
    expect((await statuses(talk)).slice(2)).toEqual(["gone started", "gone unknown"]);
  });
});

describe("a call that was announced, and is refused by the worker that takes the run over", () => {
  const changes = {
    "its toolset is not on offer any more": { state: "disabled", tools: [], code: "unknown_tool" },
    "its arguments do not fit any more": {
      state: "ready",
      tools: [catalogTool("files", "ls", { input_schema: { type: "object", required: ["depth"] } })],
      code: "invalid_arguments",
    },
  };

  it.each(Object.entries(changes))("[worker.refused] is never executed: %s", async (_, { state, tools, code }) => {
    await stage.bus.catalog.publish(
      [{ toolset: "files", state: "ready", tools: [catalogTool("files", "ls")] }],
      60_000,
    );
    const first = await stage.worker({ tools: ["files"] });
    stage.model.enqueue([ls("a")], ["So be it."]);
    const talk = stage.talk();
    const runId = await talk.say("go");
    await until(async () => (await stage.entries("tools:files")).length === 1, { timeoutMs: 20_000 });
    await first.stop();
    await stage.bus.catalog.publish([{ toolset: "files", state, tools }], 60_000);
    await stage.worker({ tools: ["files"] });
    expect((await talk.ended(runId)).text).toBe("So be it.");
    expect((await toolSteps(talk)).at(-1)).toMatchObject({ status: "failed", error: { code } });
    const runner = await stage.toolRunner("files", { ls: () => "listed" });
    await until(async () => (await stage.entries("tools:files")).length === 0, { timeoutMs: 20_000 });
    expect(runner.executed).toEqual([]);
  });
});

describe("odd models", () => {
  it("keeps tool call ids unique in a run where a server repeats or omits them", async () => {
    await stage.toolRunner("files", { ls: ({ call }) => `result ${call.tool_call_id}` });
    await stage.worker({ tools: ["files"] });
    stage.model.enqueue([ls("call_1"), ls("call_1")], [ls("call_1"), ls("")], ["done"]);
    const talk = stage.talk();
    expect((await talk.ended(await talk.say("go"))).text).toBe("done");
    const ids = (await statuses(talk)).filter((line) => line.endsWith("completed"));
    expect(new Set(ids).size).toBe(4);
  });

  it("ends with a last step that says nothing, and readers show nothing for it", async () => {
    await stage.toolRunner("files", { ls: () => "ok" });
    await stage.worker({ tools: ["files"] });
    stage.model.enqueue(["I will look.", ls("a")], []);
    const talk = stage.talk();
    const { run, output } = await talk.ended(await talk.say("go"));
    expect(run.status).toBe("completed");
    expect(output?.text).toBe("");
  });
});

it("masks secrets in what people see, and keeps them for the tool and the model", async () => {
  const key = `sk-${newUuid()}`;
  const runner = await stage.toolRunner("files", { ls: () => `the key is ${key}` });
  await stage.worker({ tools: ["files"] });
  stage.model.enqueue([ls("a", { path: "x", api_key: key })], ["ok"]);
  const talk = stage.talk();
  await talk.ended(await talk.say("go"));
  expect(runner.executed[0]?.arguments["api_key"]).toBe(key);
  expect(stage.model.requests[1]?.request.messages.at(-1)?.text).toContain(key);
  expect(JSON.stringify(await talk.events())).not.toContain(key);
  expect(JSON.stringify(await talk.history())).not.toContain(key);
});
