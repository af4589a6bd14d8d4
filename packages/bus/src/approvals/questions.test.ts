import { describe, expect, it } from "@jest/globals";
import { newUuid, resultsTopic, type ToolQuestion } from "@holdfast/protocol";
import { approvalPointerKey, approvalsKey, callsKey, WAITING_APPROVALS_KEY } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import type { CallQuestion, RunLease } from "../ports/runs.ts";
import { busLab, claimed, COMPLETED, message, runIdOf } from "../test-lab/bus-lab.ts";

const lab = busLab();
const by = "user:ann";
const FORM = { type: "object" as const, properties: { pin: { type: "string" as const } }, required: ["pin"] };
const content = { pin: "4711" };

function questionOf(bus: Bus, { run }: RunLease, index = 0, expiresInMs = 3_600_000): CallQuestion {
  const callId = bus.toolCalls.callId(run.id, 0, index);
  return {
    callId,
    asked: {
      approval_id: bus.toolJournal.questionId(callId, 0),
      tool_call_id: `call-${index}`,
      name: "bank__pay",
      args: { attempt: 7 },
      args_sha256: "hash",
      expires_at: new Date(Date.now() + expiresInMs).toISOString(),
      message: "Which PIN?",
      requested_schema: FORM,
      toolset: "bank",
    },
  };
}

/** A run in work, one call of which asks. */
async function asking(bus: Bus, expiresInMs?: number) {
  const conversationId = newUuid();
  const runId = runIdOf(await bus.conversations.accept(message(conversationId)));
  const lease = await claimed(bus, conversationId);
  const question = questionOf(bus, lease, 0, expiresInMs);
  expect(await lease.questions.ask(question)).toBe("asked");
  return { conversationId, runId, lease, question, id: question.asked.approval_id };
}

async function told(conversationId: string): Promise<string[]> {
  const events = await lab.events(conversationId);
  return events.flatMap((event) => (event.event === "approval" ? [event.status] : []));
}

describe("a question of a call that runs", () => {
  it("[question.ask] is an approval of kind question while its run goes on, in the snapshot, the run and the list", async () => {
    const bus = lab.openBus();
    const { conversationId, runId, lease, id } = await asking(bus);
    const expected = { approval_id: id, kind: "question", status: "requested", message: "Which PIN?", toolset: "bank" };
    const snapshot = await bus.conversations.snapshot(conversationId);
    expect(snapshot).toMatchObject({ value: { activeRun: { status: "in_progress" }, approvals: [expected] } });
    expect(await bus.conversations.findRun(runId)).toMatchObject({ status: "in_progress", approvals: [expected] });
    expect((await bus.approvals.waiting({ limit: 200 })).data).toContainEqual(expect.objectContaining(expected));
    lease.append({ event: "token", step: 0, index: 0, offset: 0, text: "still here" });
    await lease.flush();
  });

  it("[question.once] is asked once, by however many owners", async () => {
    const bus = lab.openBus();
    const { conversationId, lease, question } = await asking(bus);
    expect(await lease.questions.ask(question)).toBe("asked");
    await lease.release();
    const next = await claimed(bus, conversationId);
    expect(next.run.hasQuestions).toBe(true);
    expect(await next.questions.ask(question)).toBe("asked");
    expect(await told(conversationId)).toEqual(["requested"]);
    await expect(lease.questions.ask(questionOf(bus, lease, 1))).rejects.toThrow("another owner has the run");
  });

  it("[question.secret] is answered with what was filled in, which no event and no list shows, until its call ends", async () => {
    const bus = lab.openBus();
    const { conversationId, lease, question, id } = await asking(bus);
    expect(await bus.approvals.answerOf(conversationId, id)).toEqual({ status: "requested" });
    expect(await bus.approvals.decide(id, { decision: "approve", by, content })).toMatchObject({ outcome: "decided" });
    expect(await bus.approvals.answerOf(conversationId, id)).toEqual({ status: "approved", content });
    expect(JSON.stringify(await lab.events(conversationId))).not.toContain("4711");
    expect(JSON.stringify(await bus.conversations.snapshot(conversationId))).not.toContain("4711");
    await lease.questions.close(question.callId);
    expect(JSON.stringify(await lab.raw.hgetall(approvalsKey(conversationId)))).not.toContain("4711");
    expect(await told(conversationId)).toEqual(["requested", "approved"]);
    // What its run waits for is counted of parked runs only.
    await lease.finish(COMPLETED);
    expect(await told(conversationId)).toEqual(["requested", "approved"]);
  });

  it("[question.repeat] takes the same answer again, also when it was forgotten, and no other", async () => {
    const bus = lab.openBus();
    const { conversationId, id } = await asking(bus);
    const first = await bus.approvals.decide(id, { decision: "approve", by, content });
    await bus.approvals.forgetContent(conversationId, id);
    const again = await bus.approvals.decide(id, { decision: "approve", by, content: { ...content } });
    expect(again).toEqual({ ...first, outcome: "repeated" });
    const others = [
      { decision: "approve", by, content: { pin: "0815" } } as const,
      { decision: "reject", by } as const,
    ];
    for (const other of others) expect(await bus.approvals.decide(id, other)).toMatchObject({ outcome: "conflict" });
    expect(await told(conversationId)).toEqual(["requested", "approved"]);
  });

  it("[question.ends] expires with its call, with its time, and with its run whoever ends that", async () => {
    await lab.raw.flushall();
    const bus = lab.openBus();
    const byCall = await asking(bus);
    const other = questionOf(bus, byCall.lease, 1);
    await byCall.lease.questions.ask(other);
    await byCall.lease.questions.close(byCall.question.callId);
    expect(await bus.approvals.decide(byCall.id, { decision: "reject", by })).toMatchObject({ outcome: "expired" });
    expect(await bus.approvals.answerOf(byCall.conversationId, other.asked.approval_id)).toEqual({
      status: "requested",
    });
    // Its next owner knows of it by the record alone.
    await byCall.lease.release();
    const next = await claimed(bus, byCall.conversationId);
    await next.finish(COMPLETED);
    expect((await lab.events(byCall.conversationId)).slice(-3)).toMatchObject([
      { event: "approval", status: "expired", attempt: 2, created_at: expect.stringMatching(/Z$/) },
      { event: "output" },
      { event: "run", status: "completed" },
    ]);
    const byTime = await asking(bus, -1);
    expect(await bus.approvals.expireOverdue()).toBe(1);
    expect(await bus.approvals.answerOf(byTime.conversationId, byTime.id)).toEqual({ status: "expired" });
    expect((await bus.conversations.findRun(byTime.runId))?.status).toBe("in_progress");
    expect(await lab.raw.zcard(WAITING_APPROVALS_KEY)).toBe(0);
  });

  it("[question.ends] by the clock of who asks, unless its human was quicker", async () => {
    const bus = lab.openBus();
    const late = await asking(bus, -1);
    for (let times = 0; times < 2; times += 1)
      expect(await bus.approvals.endOverdue(late.conversationId, late.id)).toEqual({ status: "expired" });
    expect(await told(late.conversationId)).toEqual(["requested", "expired"]);
    const early = await asking(bus);
    expect(await bus.approvals.endOverdue(early.conversationId, early.id)).toEqual({ status: "requested" });
    await bus.approvals.decide(early.id, { decision: "approve", by, content });
    expect(await bus.approvals.endOverdue(early.conversationId, early.id)).toEqual({ status: "approved", content });
    expect(await bus.approvals.endOverdue(newUuid(), newUuid())).toEqual({ status: "missing" });
  });

  it("[question.withdrawn] expires while its call goes on, unless it is not named, decided, or of another call", async () => {
    const bus = lab.openBus();
    const { conversationId, lease, question, id } = await asking(bus);
    const ofCall = (index: number): CallQuestion => {
      const approval_id = bus.toolJournal.questionId(question.callId, index);
      return { ...question, asked: { ...question.asked, approval_id } };
    };
    const [kept, answered, other] = [ofCall(1), ofCall(2), questionOf(bus, lease, 1)];
    for (const more of [kept, answered, other]) await lease.questions.ask(more);
    await bus.approvals.decide(answered.asked.approval_id, { decision: "approve", by, content });
    const over = [id, answered.asked.approval_id, other.asked.approval_id];
    for (let times = 0; times < 2; times += 1) await lease.questions.withdraw(question.callId, over);
    await lease.questions.withdraw(question.callId, []);
    const statuses = [id, ...[kept, answered, other].map(({ asked }) => asked.approval_id)].map(async (one) =>
      bus.approvals.answerOf(conversationId, one),
    );
    expect(await Promise.all(statuses)).toEqual([
      { status: "expired" },
      { status: "requested" },
      { status: "approved", content },
      { status: "requested" },
    ]);
    expect((await told(conversationId)).filter((status) => status === "expired")).toHaveLength(1);
    // What was left is still known to its run.
    await lease.questions.close();
    expect(await bus.approvals.answerOf(conversationId, kept.asked.approval_id)).toEqual({ status: "expired" });
    expect(JSON.stringify(await lab.raw.hgetall(approvalsKey(conversationId)))).not.toContain("4711");
  });

  it("[question.ends] is not asked by a run that was cancelled, and goes with a deleted conversation", async () => {
    const bus = lab.openBus();
    const { conversationId, runId, lease, id } = await asking(bus);
    await bus.conversations.cancelRun(runId, by);
    expect(await lease.questions.ask(questionOf(bus, lease, 1))).toBe("cancelled");
    expect(await told(conversationId)).toEqual(["requested"]);
    await bus.conversations.delete(conversationId);
    expect(await bus.approvals.answerOf(conversationId, id)).toEqual({ status: "missing" });
    expect(await lab.raw.exists(approvalPointerKey(id), approvalsKey(conversationId))).toBe(0);
  });
});

describe("what a call asks", () => {
  async function running(bus: Bus) {
    const conversationId = newUuid();
    const id = bus.toolCalls.callId(newUuid(), 0, 0);
    await bus.toolJournal.start(conversationId, id);
    const question: ToolQuestion = {
      event: "tool_question",
      id,
      tool_call_id: "call-0",
      question_id: bus.toolJournal.questionId(id, 0),
      toolset: "bank",
      message: "Which PIN?",
      requested_schema: FORM,
      expires_at: new Date().toISOString(),
    };
    return { conversationId, id, question, asked: { open: [question], over: [] } };
  }

  it("[question.found] is heard by its worker, and found by one that came later, until it is over", async () => {
    const bus = lab.openBus();
    const { conversationId, id, question, asked } = await running(bus);
    expect(await bus.toolJournal.questions(conversationId, id, asked, question)).toBe("told");
    expect(await bus.toolCalls.state(conversationId, id)).toMatchObject({ state: "started", questions: asked });
    const entries = await lab.raw.xrange(resultsTopic(conversationId), "-", "+");
    expect(entries.map(([, fields]) => JSON.parse(fields[3] ?? ""))).toEqual([question]);
    const ended = { open: [], over: [question.question_id, newUuid()] };
    await bus.toolJournal.questions(conversationId, id, ended);
    expect(await bus.toolCalls.state(conversationId, id)).toMatchObject({ state: "started", questions: ended });
  });

  it("[question.found] ends with the call, which then asks no more", async () => {
    const bus = lab.openBus();
    const { conversationId, id, question, asked } = await running(bus);
    await bus.toolJournal.questions(conversationId, id, { ...asked, over: [newUuid()] }, question);
    const ending = { status: "completed" as const, content: [], duration_ms: 1 };
    await bus.toolJournal.finish(conversationId, id, { event: "tool_result", id, tool_call_id: "call-0", ...ending });
    expect(await lab.raw.hkeys(callsKey(conversationId))).toEqual([id]);
    expect(await bus.toolJournal.questions(conversationId, id, asked, question)).toBe("ended");
    expect(await lab.raw.hkeys(callsKey(conversationId))).toEqual([id]);
  });
});
