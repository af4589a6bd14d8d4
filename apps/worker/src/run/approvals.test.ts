import { type ApprovalEvent, newUuid, type ToolStepEvent } from "@holdfast/protocol";
import { registerSecret } from "@holdfast/telemetry";
import { until } from "@holdfast/testing";
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

const asking = { tools: ["files"], approvals: { files__rm: "always", files__ls: "never" } } as const;
const agent = { ...asking, tools: [...asking.tools] };
const rm = (id: string, args: object = { path: id }) => ({ toolCall: { id, name: "files__rm", arguments: args } });
const ls = (id: string) => ({ toolCall: { id, name: "files__ls", arguments: { path: id } } });

async function waiting(talk: Talk, count = 1): Promise<ApprovalEvent[]> {
  let found: readonly ApprovalEvent[] = [];
  const isAsking = async () => {
    found = (await stage.bus.approvals.waiting({ limit: 200 })).data.filter(
      ({ conversation_id }) => conversation_id === talk.id,
    );
    const isParked = (await talk.events()).some((event) => event.event === "run" && event.status === "requires_action");
    return isParked && found.length >= count;
  };
  await until(isAsking, { timeoutMs: 20_000, what: "the run asks" });
  return found.toSorted((a, b) => (a.tool_call_id < b.tool_call_id ? -1 : 1));
}

async function decide(decision: "approve" | "reject", approval: ApprovalEvent | undefined, comment?: string) {
  const words = comment === undefined ? {} : { comment };
  return stage.bus.approvals.decide(approval?.approval_id ?? "", { decision, by: "user:ann", ...words });
}

async function toolSteps(talk: Talk): Promise<ToolStepEvent[]> {
  return (await talk.events()).filter((event) => event.event === "tool_step");
}
const statuses = async (talk: Talk) =>
  (await toolSteps(talk)).map(({ tool_call_id, status }) => `${tool_call_id} ${status}`);
const files = () => stage.toolRunner("files", { rm: () => "removed", ls: () => "listed" });

it("[approval.continue] asks, holds no slot while it waits, and goes on where it stood once it is approved", async () => {
  const runner = await files();
  const worker = await stage.worker(agent, { concurrency: 1 });
  stage.model.enqueue(["I will remove it.", rm("a")]);
  const talk = stage.talk();
  const runId = await talk.say("remove it");
  const [approval] = await waiting(talk);
  expect(approval).toMatchObject({ name: "files__rm", args: { path: "a" }, tool_call_id: "a", attempt: 1 });
  expect(approval?.args_sha256).toMatch(/^[0-9a-f]{64}$/);
  stage.model.enqueue("hello");
  const elsewhere = stage.talk();
  expect((await elsewhere.ended(await elsewhere.say("hi"))).text).toBe("hello");
  await until(async () => (await stage.entries("chat:assistant")).length === 0);
  expect(worker.log().filter(({ status }) => status === "parked")).toHaveLength(1);
  expect(runner.executed).toEqual([]);
  stage.model.enqueue("Removed.");
  await decide("approve", approval);
  expect((await talk.ended(runId)).text).toBe("Removed.");
  expect(runner.executed).toMatchObject([
    { name: "rm", approval: { approval_id: approval?.approval_id, args_sha256: approval?.args_sha256 } },
  ]);
  expect(await statuses(talk)).toEqual(["a pending_approval", "a started", "a completed"]);
  const told = (await talk.events()).filter(({ event }) => event !== "token");
  const events = told.map((event) =>
    event.event === "run" ? event.status : event.event === "attempt" ? `${event.attempt} ${event.mode}` : event.event,
  );
  expect(events.join(", ")).toBe(
    "user_message, queued, in_progress, 1 start, step, tool_step, approval, requires_action, " +
      "approval, in_progress, 2 continue, tool_step, tool_step, output, completed",
  );
  expect(stage.model.requests.at(-1)?.request.messages.slice(2)).toMatchObject([
    { role: "assistant", text: "I will remove it.", toolCalls: [{ id: "a" }] },
    { role: "tool", callId: "a", text: "removed" },
  ]);
});

it("[approval.reject] does not run what a human rejects, and tells the model why", async () => {
  const runner = await files();
  await stage.worker(agent);
  stage.model.enqueue([rm("a")], ["I leave it."]);
  const talk = stage.talk();
  const runId = await talk.say("remove it");
  const [approval] = await waiting(talk);
  await decide("reject", approval, "that one is precious");
  expect((await talk.ended(runId)).text).toBe("I leave it.");
  expect(runner.executed).toEqual([]);
  expect((await toolSteps(talk)).at(-1)).toMatchObject({ status: "denied", error: { code: "approval_rejected" } });
  expect(stage.model.requests.at(-1)?.request.messages.at(-1)?.text).toMatch(/Denied.*precious/s);
});

it("[approval.reject] says so at once, also where the tool is not on offer by then", async () => {
  await stage.bus.catalog.publish([{ toolset: "files", state: "ready", tools: [catalogTool("files", "rm")] }], 60_000);
  const before = await stage.worker(agent);
  stage.model.enqueue([rm("a")], ["I leave it."]);
  const talk = stage.talk();
  const runId = await talk.say("remove it");
  const [approval] = await waiting(talk);
  await before.stop();
  await stage.bus.catalog.publish([{ toolset: "files", state: "disabled", tools: [] }], 60_000);
  await decide("reject", approval);
  const wait = { graceMs: 600_000, lookEveryMs: 50, deadRunnerMs: 300, noRunnerMs: 600_000, cancelMs: 500 };
  await stage.worker(agent, { wait });
  await talk.ended(runId);
  expect((await toolSteps(talk)).at(-1)).toMatchObject({ status: "denied", error: { code: "approval_rejected" } });
});

it("[approval.steps] runs what needs no approval first, parks once for the rest, and goes on when all are decided", async () => {
  const runner = await files();
  await stage.worker(agent);
  stage.model.enqueue(
    [rm("a"), ls("b"), rm("c"), { toolCall: { id: "d", name: "nothing", arguments: {} } }],
    ["Done."],
  );
  const talk = stage.talk();
  const runId = await talk.say("tidy up");
  const [first, second] = await waiting(talk, 2);
  const before = await statuses(talk);
  expect(before.slice(0, 3).toSorted()).toEqual(["b completed", "b started", "d failed"]);
  expect(before.slice(3)).toEqual(["a pending_approval", "c pending_approval"]);
  await decide("reject", second);
  await decide("approve", first);
  expect((await talk.ended(runId)).text).toBe("Done.");
  expect(runner.executed.map(({ tool_call_id }) => tool_call_id)).toEqual(["b", "a"]);
  expect((await statuses(talk)).slice(5).toSorted()).toEqual(["a completed", "a started", "c denied"]);
  const told = stage.model.requests.at(-1)?.request.messages.filter(({ role }) => role === "tool");
  expect(told?.map(({ text }) => text)).toMatchObject(
    ["removed", "listed", /^Denied/, /no tool/].map((text) => expect.stringMatching(text)),
  );
  expect(
    (await talk.events()).filter((event) => event.event === "run" && event.status === "requires_action"),
  ).toHaveLength(1);
});

it("[approval.expiry] denies what nobody approved in time", async () => {
  const runner = await files();
  await stage.worker(agent, { approvalExpiryMs: 50 });
  stage.model.enqueue([rm("a")], ["Too late, then."]);
  const talk = stage.talk();
  const runId = await talk.say("remove it");
  await until(async () => (await stage.bus.approvals.expireOverdue()) === 1, { timeoutMs: 20_000 });
  expect((await talk.ended(runId)).text).toBe("Too late, then.");
  expect((await toolSteps(talk)).at(-1)?.error?.code).toBe("approval_expired");
  expect(runner.executed).toEqual([]);
});

it("[approval.definition] does not call a tool that was changed after it was approved", async () => {
  const runner = await files();
  await stage.worker(agent);
  stage.model.enqueue([rm("a")], ["It is another tool now."]);
  const talk = stage.talk();
  const runId = await talk.say("remove it");
  const [approval] = await waiting(talk);
  const tools = [catalogTool("files", "rm", { description: "removes everything" })];
  await stage.bus.catalog.publish([{ toolset: "files", state: "ready", tools }], 60_000);
  await until(async () => (await stage.bus.catalog.read())[0]?.tools[0]?.description === "removes everything");
  // The worker reads the catalog again after two seconds.
  const other = stage.talk();
  const offered = async () => {
    stage.model.enqueue("ok");
    await other.ended(await other.say("look"));
    return JSON.stringify(stage.model.requests.at(-1)?.request.tools).includes("removes everything");
  };
  stage.model.reset();
  await until(offered, { timeoutMs: 20_000, intervalMs: 300 });
  stage.model.enqueue(["It is another tool now."]);
  await decide("approve", approval);
  expect((await talk.ended(runId)).text).toBe("It is another tool now.");
  expect((await toolSteps(talk)).at(-1)?.error?.code).toBe("approval_mismatch");
  expect(runner.executed).toEqual([]);
});

it("[approval.keeps] obeys what a human rejected, and runs what one approved, whatever the rules say by then", async () => {
  const runner = await files();
  const before = await stage.worker(agent);
  stage.model.enqueue([rm("a"), rm("b")]);
  const talk = stage.talk();
  const runId = await talk.say("remove them");
  const [first, second] = await waiting(talk, 2);
  await before.stop();
  await stage.worker({ ...agent, approvals: { "*": "never" } });
  stage.model.enqueue("One of them.");
  await decide("reject", first);
  await decide("approve", second);
  expect((await talk.ended(runId)).text).toBe("One of them.");
  expect(runner.executed.map(({ tool_call_id }) => tool_call_id)).toEqual(["b"]);
});

it("[approval.keeps] runs what a human approved while its tool-runner was away, however often the worker is replaced", async () => {
  const patient = { wait: { graceMs: 20_000, lookEveryMs: 50, deadRunnerMs: 300, noRunnerMs: 600_000, cancelMs: 500 } };
  await stage.bus.catalog.publish([{ toolset: "files", state: "ready", tools: [catalogTool("files", "rm")] }], 60_000);
  const [offered] = await stage.bus.catalog.read();
  const before = await stage.worker(agent, patient);
  stage.model.enqueue([rm("a")], ["Removed."]);
  const talk = stage.talk();
  const runId = await talk.say("remove it");
  const [approval] = await waiting(talk);
  await before.stop();
  await stage.bus.catalog.publish([{ toolset: "files", state: "disabled", tools: [] }], 60_000);
  await decide("approve", approval);
  for (const attempt of [2, 3]) {
    const worker = await stage.worker(agent, patient);
    await until(async () => (await stage.bus.conversations.findRun(runId))?.attempt === attempt, { timeoutMs: 20_000 });
    await worker.stop();
  }
  await stage.worker(agent, patient);
  await until(async () => (await stage.bus.conversations.findRun(runId))?.attempt === 4, { timeoutMs: 20_000 });
  const runner = await stage.toolRunner("files", { rm: () => "removed" }, offered?.tools[0]);
  expect((await talk.ended(runId)).text).toBe("Removed.");
  expect(runner.executed.map(({ tool_call_id }) => tool_call_id)).toEqual(["a"]);
});

describe("what a human is shown", () => {
  it("[approval.args] is the arguments as they are, but for configured secrets", async () => {
    const secret = `conf-${newUuid()}`;
    registerSecret(secret);
    await files();
    await stage.worker(agent);
    const args = { path: `x?key=${secret}`, header: "Authorization: Bearer abcdefgh", long: "y".repeat(10_000) };
    stage.model.enqueue([rm("a", args)]);
    const talk = stage.talk();
    await talk.say("remove it");
    const [approval] = await waiting(talk);
    expect(approval?.args).toEqual({ ...args, path: "x?key=[redacted]" });
    const [step] = await toolSteps(talk);
    expect(JSON.stringify(step?.args)).not.toContain("abcdefgh");
  });
});

describe("cancelled while it waits", () => {
  it("[approval.cancel] ends with what was shown, and the next turn's model knows that it was not done", async () => {
    const runner = await files();
    await stage.worker(agent);
    stage.model.enqueue(["I will remove it.", rm("a"), ls("b")], "What else?");
    const talk = stage.talk();
    const runId = await talk.say("remove it");
    await waiting(talk);
    const next = await talk.say("never mind");
    await stage.bus.conversations.cancelRun(runId, "user:ann");
    const { run, output, text } = await talk.ended(runId);
    expect([run.status, output?.finish_reason, text]).toEqual(["cancelled", "cancelled", "I will remove it."]);
    expect((await talk.ended(next)).text).toBe("What else?");
    expect(runner.executed.map(({ name }) => name)).toEqual(["ls"]);
    expect(stage.model.requests.at(-1)?.request.messages.slice(2)).toMatchObject([
      { role: "assistant", toolCalls: [{ id: "a" }, { id: "b" }] },
      { role: "tool", callId: "a", text: expect.stringMatching(/^Cancelled/) },
      { role: "tool", callId: "b", text: "listed" },
      { role: "user", text: "never mind" },
    ]);
  });
});

it("[approval.policy] asks for a tool without a rule, unless a trusted server calls it read-only", async () => {
  const runner = await stage.toolRunner("files", { rm: () => "removed" });
  await stage.toolRunner("notes", { read: () => "noted" }, { read_only: true });
  await stage.worker({ tools: ["files", "notes"], approvals: {} });
  stage.model.enqueue([rm("a"), { toolCall: { id: "b", name: "notes__read", arguments: {} } }]);
  const talk = stage.talk();
  await talk.say("go");
  expect(await waiting(talk)).toMatchObject([{ tool_call_id: "a" }]);
  expect(await statuses(talk)).toEqual(["b started", "b completed", "a pending_approval"]);
  expect(runner.executed).toEqual([]);
});
