import type { ToolQuestion } from "@holdfast/protocol";
import { gate, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { Stage } from "../test-fixtures/stage.ts";
import type { DoubledTool } from "../test-fixtures/tool-runner-double.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

const PAY = { toolCall: { id: "pay-1", name: "bank__pay", arguments: { to: "Bob" } } };
const FORM = { type: "object" as const, properties: { pin: { type: "string" as const } } };

/** A tool that asks, and is done when it has its answer and `goOn` opens. `asked` hears of the question before that. */
function paying(asked: (id: string) => void, goOn = Promise.resolve()): DoubledTool {
  return async ({ id, call }) => {
    const { toolJournal, approvals } = stage.bus;
    const question: ToolQuestion = {
      event: "tool_question",
      id,
      tool_call_id: call.tool_call_id,
      question_id: toolJournal.questionId(id, 0),
      toolset: "bank",
      message: "Which PIN?",
      requested_schema: FORM,
      expires_at: new Date(Date.now() + 600_000).toISOString(),
    };
    await toolJournal.questions(call.conversation_id, id, { open: [question], over: [] }, question);
    asked(question.question_id);
    const answered = async () => {
      const state = await approvals.answerOf(call.conversation_id, question.question_id);
      return state.status === "requested" || state.status === "missing" ? undefined : state;
    };
    const answer = await until(answered, { timeoutMs: 60_000 });
    await goOn;
    return `answer: ${answer.status}`;
  };
}

it("[question.run] neither the call's patience nor the run's budget ends while a human thinks", async () => {
  const ids: string[] = [];
  await stage.toolRunner("bank", { pay: paying((id) => ids.push(id)) }, { timeout_ms: 1 });
  await stage.worker({ tools: ["bank"], budget: { tokens_per_run: 9_999, seconds_per_run: 1, tool_calls_per_run: 9 } });
  stage.model.enqueue([PAY], ["Paid."]);
  const talk = stage.talk();
  const runId = await talk.say("pay Bob");
  const asked = async () => (await stage.bus.approvals.find(ids[0] ?? ""))?.event;
  const event = await until(asked, { timeoutMs: 20_000 });
  expect(event).toMatchObject({ kind: "question", tool_call_id: "pay-1", name: "bank__pay", args: { to: "Bob" } });
  expect(event.args_sha256).toMatch(/^[0-9a-f]{64}$/);
  // Longer than the budget, which is longer than the call's timeout and grace.
  const askedAtMs = performance.now();
  await until(() => performance.now() - askedAtMs > 1_500);
  expect((await talk.shown(runId)).status).toBe("in_progress");
  await stage.bus.approvals.decide(ids[0] ?? "", { decision: "approve", by: "user:ann", content: { pin: "4711" } });
  const { run } = await talk.ended(runId);
  expect(run.status).toBe("completed");
  expect((await talk.shown(runId)).steps[0]?.tools).toMatchObject([{ resultSummary: "answer: approved" }]);
  expect((await talk.events()).flatMap((one) => (one.event === "approval" ? [one.status] : []))).toEqual([
    "requested",
    "approved",
  ]);
});

it("[question.run] a run that is cancelled ends its question before its call", async () => {
  const ids: string[] = [];
  const never = gate();
  await stage.toolRunner("bank", { pay: paying((id) => ids.push(id), never.pass()) });
  await stage.worker({ tools: ["bank"] });
  stage.model.enqueue([PAY]);
  const talk = stage.talk();
  const runId = await talk.say("pay Bob");
  await until(async () => (await stage.bus.approvals.find(ids[0] ?? "")) !== undefined, { timeoutMs: 20_000 });
  await stage.bus.conversations.cancelRun(runId, "user:ann");
  await talk.ended(runId);
  never.open();
  expect((await talk.events()).slice(-4)).toMatchObject([
    { event: "approval", status: "requested" },
    { event: "approval", status: "expired" },
    { event: "tool_step", status: "cancelled" },
    { event: "run", status: "cancelled" },
  ]);
});

it("[question.run] a run that is cancelled between two workers ends its question before its call too", async () => {
  const ids: string[] = [];
  const never = gate();
  await stage.toolRunner("bank", { pay: paying((id) => ids.push(id), never.pass()) });
  const first = await stage.worker({ tools: ["bank"] });
  stage.model.enqueue([PAY]);
  const talk = stage.talk();
  const runId = await talk.say("pay Bob");
  await until(async () => (await stage.bus.approvals.find(ids[0] ?? "")) !== undefined, { timeoutMs: 20_000 });
  await first.stop(0);
  // So that the next worker does not get as far as the call.
  await stage.bus.control.send("assistant", { type: "pause", by: "user:ann" });
  await stage.bus.conversations.cancelRun(runId, "user:ann");
  await stage.worker({ tools: ["bank"] });
  await talk.ended(runId);
  never.open();
  expect((await talk.events()).slice(-3)).toMatchObject([
    { event: "approval", status: "expired" },
    { event: "tool_step", status: "unknown" },
    { event: "run", status: "cancelled" },
  ]);
});

it.each(["the worker that asked", "the next worker"])(
  "[question.withdrawn] what its server takes back while the call goes on expires: seen by %s",
  async (who) => {
    const ids: string[] = [];
    const calls: { conversationId: string; id: string }[] = [];
    const held = gate();
    const pay = paying((id) => ids.push(id), held.pass());
    await stage.toolRunner("bank", {
      pay: (call) => {
        calls.push({ conversationId: call.call.conversation_id, id: call.id });
        return pay(call);
      },
    });
    const first = await stage.worker({ tools: ["bank"] });
    stage.model.enqueue([PAY], ["Paid."]);
    const talk = stage.talk();
    const runId = await talk.say("pay Bob");
    const { approvals, toolJournal } = stage.bus;
    const statusNow = async () => (await approvals.find(ids[0] ?? ""))?.event.status;
    await until(async () => (await statusNow()) === "requested", { timeoutMs: 20_000 });
    if (who === "the next worker") await first.stop(0);
    const over = { open: [], over: ids };
    for (const { conversationId, id } of calls) await toolJournal.questions(conversationId, id, over);
    if (who === "the next worker") await stage.worker({ tools: ["bank"] });
    await until(async () => (await statusNow()) === "expired", { timeoutMs: 20_000 });
    expect(await approvals.decide(ids[0] ?? "", { decision: "reject", by: "user:ann" })).toMatchObject({
      outcome: "expired",
    });
    expect((await talk.shown(runId)).status).toBe("in_progress");
    held.open();
    expect((await talk.ended(runId)).run.status).toBe("completed");
  },
);
