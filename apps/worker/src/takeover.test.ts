import { chatTopic } from "@holdfast/protocol";
import { freePort, gate, stampedWords, until } from "@holdfast/testing";
import { describe, expect, it, jest } from "@jest/globals";
import { stagedWorkers } from "./test-fixtures/staged-workers.ts";

// Each test starts real processes, which takes its time on a busy machine.
jest.setTimeout(120_000);

const on = stagedWorkers();

const ls = (id: string) => ({ toolCall: { id, name: "files__ls", arguments: {} } });

describe("a worker that is killed", () => {
  it("[worker.kill] leaves its run to another, which answers with the exact text of one sample", async () => {
    const first = await on.workers.ready();
    on.stage.model.script(({ call }) =>
      call === 0 ? { pieces: [...stampedWords(30, 0), { hang: true }] } : { pieces: stampedWords(60, call) },
    );
    const talk = on.stage.talk();
    const runId = await talk.say("hi");
    await talk.saysSoon(runId, "0.29");
    const second = await on.workers.ready();
    first.kill("SIGKILL");
    const killedAtMs = performance.now();
    await until(async () => (await talk.tokens(runId)).some((token) => token.text.startsWith("1.")), {
      timeoutMs: 60_000,
    });
    const silenceMs = performance.now() - killedAtMs;
    const { run, output } = await talk.ended(runId);
    expect(run).toMatchObject({ status: "completed", attempt: 2 });
    expect(output?.text).toBe(stampedWords(60, 1).join(""));
    const attempts = (await talk.events()).filter((event) => event.event === "attempt");
    expect(attempts[1]).toMatchObject({ mode: "supersede", step: 0, keep_offset: 0, cause: "takeover", attempt: 2 });
    expect((await talk.shown(runId)).restarts).toMatchObject([{ attempt: 2, step: 0, cause: "takeover" }]);
    // 2.5 s until its beat has expired, half a second until the reaper looks; the rest is a busy machine.
    expect(silenceMs).toBeLessThan(10_000);
    await until(async () => (await on.stage.entries(chatTopic("assistant"))).length === 0);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });

  it("[worker.kill-tools] in the middle of a tool: the call is not repeated, and its result is used", async () => {
    const first = await on.workers.ready();
    const began = gate();
    const held = gate();
    const runner = await on.stage.toolRunner("files", {
      ls: async ({ call }) => {
        began.open();
        await held.pass();
        return `listed ${call.tool_call_id}`;
      },
    });
    on.stage.model.script(({ call }) => (call === 0 ? ["I will look.", ls("a"), ls("b")] : ["There it is."]));
    const talk = on.stage.talk();
    const runId = await talk.say("hi");
    await until(() => runner.executed.length === 2);
    await on.workers.ready();
    first.kill("SIGKILL");
    await first.exit;
    const isTaken = async () => (await talk.events()).some((event) => event.event === "attempt" && event.attempt === 2);
    await until(isTaken, { timeoutMs: 60_000 });
    held.open();
    const { output } = await talk.ended(runId);
    expect(output?.text).toBe("There it is.");
    expect(runner.executed).toHaveLength(2);
    expect(on.stage.model.requests).toHaveLength(2);
    const [step] = (await talk.shown(runId)).steps;
    expect(step).toMatchObject({ text: "I will look." });
    expect(step?.tools).toMatchObject([
      { toolCallId: "a", status: "completed", resultSummary: "listed a" },
      { toolCallId: "b", status: "completed", resultSummary: "listed b" },
    ]);
  });

  it("together with the tool-runner: the outcome is unknown, and the model is told", async () => {
    const first = await on.workers.ready();
    const runner = await on.stage.toolRunner("files", { ls: () => undefined });
    on.stage.model.script(({ call }) => (call === 0 ? [ls("a")] : ["I cannot know."]));
    const talk = on.stage.talk();
    const runId = await talk.say("hi");
    await until(() => runner.executed.length === 1);
    await runner.stop();
    first.kill("SIGKILL");
    await on.workers.ready();
    const { output } = await talk.ended(runId, 60_000);
    expect(output?.text).toBe("I cannot know.");
    expect((await talk.shown(runId)).steps[0]?.tools).toMatchObject([{ status: "unknown" }]);
    expect(on.stage.model.requests[1]?.request.messages.at(-1)?.text).toMatch(/unknown/);
  });
});

describe("a worker that is told to stop", () => {
  it("[worker.drain] finishes its runs, takes no new ones, and exits 0", async () => {
    const service = await on.workers.ready();
    const held = gate();
    on.stage.model.enqueue(["first half, ", { waitFor: held }, "second half"], "not here");
    const talk = on.stage.talk();
    const runId = await talk.say("one");
    const waiting = await talk.say("two");
    await talk.saysSoon(runId, "half");
    service.kill("SIGTERM");
    await service.waitForLog((line) => line.message === "stopping");
    held.open();
    expect((await talk.ended(runId)).text).toBe("first half, second half");
    expect(await service.exit).toEqual({ code: 0, signal: null });
    expect((await talk.shown(waiting)).status).toBe("queued");
    await on.stage.worker();
    expect((await talk.ended(waiting)).text).toBe("not here");
  });

  it("hands a conversation over while its other runs still finish", async () => {
    const first = await on.stage.worker();
    const [long, short] = [gate(), gate()];
    on.stage.model.enqueue([{ waitFor: long }, "long"], [{ waitFor: short }, "short"], "after");
    const [patient, busy] = [on.stage.talk(), on.stage.talk()];
    const longRun = await patient.say("take your time");
    await long.reached;
    const shortRun = await busy.say("one");
    await short.reached;
    const waiting = await busy.say("two");
    const stopped = first.stop(30_000);
    await on.stage.worker();
    short.open();
    expect((await busy.ended(shortRun)).text).toBe("short");
    expect((await busy.ended(waiting)).text).toBe("after");
    expect((await patient.shown(longRun)).status).toBe("in_progress");
    long.open();
    await stopped;
    expect((await patient.ended(longRun)).text).toBe("long");
  });

  it("[worker.handover] gives up in time what it cannot finish, for another to take at once", async () => {
    const service = await on.workers.ready({ HOLDFAST_SHUTDOWN_MS: "3500" });
    on.stage.model.enqueue(["never ", { hang: true }], "answered");
    const talk = on.stage.talk();
    const runId = await talk.say("one");
    await talk.saysSoon(runId, "never");
    const stopped = service.stop();
    await on.stage.worker();
    const { run, output } = await talk.ended(runId);
    expect(await stopped).toEqual({ code: 0, signal: null });
    expect(run).toMatchObject({ status: "completed", attempt: 2 });
    expect(output?.text).toBe("answered");
  });
});

describe("a worker's start", () => {
  it("[worker.demo] says that it uses the demo model, and answers on its admin port", async () => {
    const service = await on.workers.spawn({
      OPENAI_BASE_URL: undefined,
      OPENAI_API_KEY: "",
      HOLDFAST_DEMO_MODEL_URL: on.stage.model.url,
      ADMIN_PORT: String(await freePort()),
    });
    const ready = await service.waitForReady();
    expect(service.logs.some((line) => /demo model/.test(line.message ?? ""))).toBe(true);
    on.stage.model.enqueue("from the demo");
    const talk = on.stage.talk();
    expect((await talk.ended(await talk.say("hi"))).text).toBe("from the demo");
    const get = (path: string) => fetch(`http://127.0.0.1:${String(ready["admin_port"])}${path}`);
    expect((await get("/health")).status).toBe(200);
    expect((await get("/ready")).status).toBe(200);
    expect(await (await get("/metrics")).text()).toMatch(/holdfast_runs_started_total\{agent="assistant"\} 1/);
    expect(on.stage.model.requests[0]?.headers["authorization"]).toBeUndefined();
  });

  it("[worker.config] prints every problem of its configuration and exits 78", async () => {
    const service = await on.workers.spawn({}, "agents:\n  assistant: { model: 7, max_steps: 0 }\n");
    expect(await service.exit).toMatchObject({ code: 78 });
    expect(service.output.join("\n")).toMatch(/holdfast\.yaml:2: agents\.assistant\.model/);
    expect(service.output.join("\n")).toMatch(/agents\.assistant\.max_steps/);
  });
});
