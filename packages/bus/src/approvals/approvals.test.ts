import { describe, expect, it } from "@jest/globals";
import { chatTopic, newUuid, type StreamEvent } from "@holdfast/protocol";
import { approvalPointerKey, metaKey, WAITING_APPROVALS_KEY } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import { busLab, claimed, COMPLETED, message, runIdOf } from "../test-lab/bus-lab.ts";
import { park, questionsOf, statusOf } from "../test-lab/parking.ts";

const lab = busLab();
const approve = { decision: "approve", by: "user:ann" } as const;
const reject = { decision: "reject", by: "user:bob", comment: "not this one" } as const;

/** A run that waits for humans to decide `count` questions. */
async function parked(bus: Bus, count = 1, expiresInMs?: number) {
  const conversationId = newUuid();
  const runId = runIdOf(await bus.conversations.accept(message(conversationId)));
  const lease = await claimed(bus, conversationId);
  const ids = await park(bus, lease, count, expiresInMs);
  const snapshot = async () => {
    const found = await bus.conversations.snapshot(conversationId);
    if (found.outcome !== "found") throw new Error(found.outcome);
    return found.value;
  };
  return { conversationId, runId, lease, ids, id: ids[0] ?? "", snapshot };
}

const brief = (events: readonly StreamEvent[]) =>
  events.map((event) => {
    const { status, mode } = event as { status?: string; mode?: string };
    return `${event.event} ${status ?? mode ?? ""}`.trim();
  });
const queued = async (messageId: string) =>
  (await lab.raw.xrange(chatTopic("assistant"), "-", "+")).filter(([, fields]) => fields[1] === messageId).length;
const claim = async (bus: Bus, conversationId: string) => (await bus.runs.claim(conversationId, "assistant")).outcome;

describe("a run that waits for humans", () => {
  it("[approval.park] asks, lets go of its lease and shows what it waits for", async () => {
    const bus = lab.openBus();
    const { conversationId, runId, ids, snapshot } = await parked(bus, 2);
    expect(brief(await lab.events(conversationId)).slice(-5)).toEqual([
      "tool_step pending_approval",
      "approval requested",
      "tool_step pending_approval",
      "approval requested",
      "run requires_action",
    ]);
    expect(await claim(bus, conversationId)).toBe("parked");
    const { activeRun, approvals } = await snapshot();
    expect(activeRun).toMatchObject({ id: runId, status: "requires_action", attempt: 1 });
    expect(approvals.map(({ approval_id }) => approval_id)).toEqual(ids);
    expect(await bus.conversations.findRun(runId)).toMatchObject({
      status: "requires_action",
      approvals: [{ approval_id: ids[0], args: { path: "file-0" }, args_sha256: "hash-0" }, { approval_id: ids[1] }],
    });
  });

  it("[approval.park] parks once however often its worker says so, and writes nothing afterwards", async () => {
    const bus = lab.openBus();
    const { conversationId, lease } = await parked(bus);
    const before = (await lab.events(conversationId)).length;
    expect(await lease.park(questionsOf(bus, lease))).toBe("parked");
    lease.append({ event: "error", code: "late", message: "late", retryable: false });
    await expect(lease.flush()).rejects.toThrow("another owner has the run");
    expect(await lab.events(conversationId)).toHaveLength(before);
  });

  it("[approval.park] counts as busy: later messages wait behind it, and a reject is refused", async () => {
    const bus = lab.openBus();
    const { conversationId, runId } = await parked(bus);
    const next = message(conversationId, "and then?");
    expect(await bus.conversations.accept(next)).toMatchObject({ status: "queued" });
    expect(await claim(bus, conversationId)).toBe("parked");
    expect(await bus.conversations.accept(message(conversationId, "now", { onBusy: "reject" }))).toEqual({
      outcome: "busy",
      runId,
    });
  });

  it("does not ask when it has been cancelled", async () => {
    const bus = lab.openBus();
    const conversationId = newUuid();
    const runId = runIdOf(await bus.conversations.accept(message(conversationId)));
    const lease = await claimed(bus, conversationId);
    await bus.conversations.cancelRun(runId, "user:ann");
    expect(await lease.park(questionsOf(bus, lease))).toBe("cancelled");
    expect(lease.signal.reason).toBe("cancelled");
    expect(brief(await lab.events(conversationId))).not.toContain("approval requested");
    expect((await bus.approvals.waiting({ limit: 200 })).data.map(({ run_id }) => run_id)).not.toContain(runId);
  });
});

describe("a decision", () => {
  it("[approval.decide] is told, wakes the run once all of its step are decided, and continues it", async () => {
    const bus = lab.openBus();
    const { conversationId, lease, ids } = await parked(bus, 2);
    const { messageId } = lease.run;
    const before = await queued(messageId);
    expect(await bus.approvals.decide(ids[0] ?? "", approve)).toMatchObject({
      outcome: "decided",
      approval: { status: "approved", decided_by: "user:ann", approval_id: ids[0] },
    });
    expect(await queued(messageId)).toBe(before);
    expect(await claim(bus, conversationId)).toBe("parked");
    await bus.approvals.decide(ids[1] ?? "", reject);
    expect(await queued(messageId)).toBe(before + 1);
    const next = await claimed(bus, conversationId);
    expect(next.run).toMatchObject({ attempt: 2, isContinued: true, hasAsked: true });
    expect((await lab.events(conversationId)).slice(-4)).toMatchObject([
      { event: "approval", status: "approved", attempt: 1, args: { path: "file-0" } },
      { event: "approval", status: "rejected", decided_by: "user:bob", comment: "not this one" },
      { event: "run", status: "in_progress", attempt: 2, message_id: messageId },
      { event: "attempt", mode: "continue", step: 1, keep_offset: 0, cause: "approval", attempt: 2 },
    ]);
    const records = await bus.approvals.ofConversation(conversationId, ids);
    expect([...records.values()].map(({ event, callId }) => [event.status, callId])).toEqual([
      ["approved", bus.toolCalls.callId(next.run.id, 0, 0)],
      ["rejected", bus.toolCalls.callId(next.run.id, 0, 1)],
    ]);
    await next.finish(COMPLETED);
    // It outlives the run: asked again, the answer is the same.
    expect(await bus.approvals.decide(ids[1] ?? "", reject)).toMatchObject({ outcome: "repeated" });
  });

  it("[approval.repeat] counts once: the same again gets the same answer, another is refused, an unknown is missing", async () => {
    const bus = lab.openBus();
    const { conversationId, id } = await parked(bus);
    const first = await bus.approvals.decide(id, approve);
    const events = await lab.events(conversationId);
    const again = await bus.approvals.decide(id, { ...approve, by: "user:eve" });
    expect(again).toEqual({ ...first, outcome: "repeated" });
    expect(await bus.approvals.decide(id, reject)).toMatchObject({
      outcome: "conflict",
      approval: { status: "approved" },
    });
    expect(await bus.approvals.decide(newUuid(), approve)).toEqual({ outcome: "missing" });
    expect(await lab.events(conversationId)).toEqual(events);
  });

  it("[approval.repeat] of many at once, over several gateways, the first counts", async () => {
    const gateways = [lab.openBus(), lab.openBus(), lab.openBus()];
    const [bus] = gateways;
    if (!bus) throw new Error("no bus");
    const { conversationId, id } = await parked(bus);
    const all = await Promise.all(
      gateways.flatMap((gateway) => [gateway.approvals.decide(id, approve), gateway.approvals.decide(id, reject)]),
    );
    expect(all.filter(({ outcome }) => outcome === "decided")).toHaveLength(1);
    expect(all.map((decided) => ("approval" in decided ? decided.approval.status : ""))).toEqual(
      Array.from({ length: 6 }, () => all.flatMap((one) => ("approval" in one ? [one.approval.status] : []))[0]),
    );
    const told = (await lab.events(conversationId)).filter(({ event }) => event === "approval");
    expect(told).toHaveLength(2);
  });

  it("[approval.wake] whose gateway died before it queued the run is made good by the sweep", async () => {
    const bus = lab.openBus();
    const { conversationId, id, lease } = await parked(bus);
    await bus.approvals.decide(id, approve);
    await lab.raw.del(chatTopic("assistant"));
    await lab.raw.zadd(`outbox:${Number.parseInt(conversationId.slice(0, 2), 16) % 16}`, 1, `wake ${conversationId} x`);
    expect(await bus.sweepOutbox()).toBe(1);
    expect(await queued(lease.run.messageId)).toBe(1);
    await claimed(bus, conversationId);
    await lab.raw.zadd(`outbox:${Number.parseInt(conversationId.slice(0, 2), 16) % 16}`, 1, `wake ${conversationId} x`);
    expect(await bus.sweepOutbox()).toBe(0);
  });
});

it("[approval.wake] whose queue entry was lost is queued again, but not while humans have yet to decide", async () => {
  await lab.raw.flushall();
  const bus = lab.openBus();
  const { id, lease } = await parked(bus);
  await lab.raw.del(chatTopic("assistant"));
  const later = async () => {
    await lab.raw.zadd("{control:assistant}:unfinished", 1, `${lease.run.conversationId} ${lease.run.id}`);
    return bus.runs.requeueStranded("assistant", 60_000);
  };
  expect(await later()).toBe(0);
  await bus.approvals.decide(id, approve);
  await lab.raw.del(chatTopic("assistant"));
  expect(await later()).toBe(1);
  expect(await queued(lease.run.messageId)).toBe(1);
});

describe("time", () => {
  it("[approval.expiry] ends a question that nobody decides, and the run goes on", async () => {
    const bus = lab.openBus();
    const { conversationId, id } = await parked(bus, 1, -1);
    const elsewhere = await parked(bus);
    expect(await bus.approvals.expireOverdue()).toBe(1);
    expect(await bus.approvals.expireOverdue()).toBe(0);
    expect((await lab.events(conversationId)).at(-1)).toMatchObject({ event: "approval", status: "expired" });
    expect(await bus.approvals.decide(id, approve)).toMatchObject({ outcome: "expired" });
    expect((await claimed(bus, conversationId)).run.isContinued).toBe(true);
    expect(await statusOf(bus, elsewhere.id)).toBe("requested");
  });

  it("[approval.expiry] takes no decision that comes too late, also before the sweep", async () => {
    const bus = lab.openBus();
    const { conversationId, id } = await parked(bus, 1, -1);
    expect(await bus.approvals.decide(id, approve)).toMatchObject({
      outcome: "expired",
      approval: { status: "expired" },
    });
    const told = (await lab.events(conversationId)).filter(({ event }) => event === "approval");
    expect(told.map((event) => "status" in event && event.status)).toEqual(["requested", "expired"]);
    expect((await claimed(bus, conversationId)).run.isContinued).toBe(true);
  });
});

describe("a parked run that is cancelled", () => {
  it("[approval.cancel] ends at once with its text, its open questions expire, and the next turn is queued", async () => {
    const bus = lab.openBus();
    const { conversationId, runId, ids, snapshot } = await parked(bus, 2);
    const next = message(conversationId, "next");
    await bus.conversations.accept(next);
    await bus.approvals.decide(ids[0] ?? "", approve);
    const before = await queued(next.envelope.id);
    expect(await bus.conversations.cancelRun(runId, "user:ann")).toMatchObject({ outcome: "cancelled" });
    const events = await lab.events(conversationId);
    expect(events.slice(-5)).toMatchObject([
      { event: "approval", status: "expired", approval_id: ids[1], created_at: expect.stringMatching(/Z$/) },
      { event: "tool_step", status: "cancelled" },
      { event: "tool_step", status: "cancelled" },
      { event: "output", text: "I ask.", finish_reason: "cancelled" },
      { event: "run", status: "cancelled", reason: "cancelled", attempt: 1, usage: { total_tokens: 3 } },
    ]);
    expect(await queued(next.envelope.id)).toBe(before + 1);
    expect(await bus.approvals.decide(ids[0] ?? "", approve)).toMatchObject({ outcome: "repeated" });
    expect(await bus.approvals.decide(ids[1] ?? "", approve)).toMatchObject({ outcome: "expired" });
    expect((await snapshot()).approvals).toEqual([]);
    expect(await bus.conversations.findRun(runId)).toMatchObject({ status: "cancelled", usage: { total_tokens: 3 } });
    const lease = await claimed(bus, conversationId);
    expect(lease.run.messageId).toBe(next.envelope.id);
    expect(await lease.history()).toHaveLength(1);
  });

  it("[approval.cancel] by an interrupting message makes room for it", async () => {
    const bus = lab.openBus();
    const { conversationId, id, runId } = await parked(bus);
    const urgent = message(conversationId, "stop that", { onBusy: "interrupt" });
    await bus.conversations.accept(urgent);
    expect((await bus.conversations.findRun(runId))?.status).toBe("cancelled");
    expect(await statusOf(bus, id)).toBe("expired");
    expect((await claimed(bus, conversationId)).run.messageId).toBe(urgent.envelope.id);
  });

  it("[approval.cancel] leaves what was to be steered into it as the next turn", async () => {
    const bus = lab.openBus();
    const conversationId = newUuid();
    const runId = runIdOf(await bus.conversations.accept(message(conversationId)));
    const lease = await claimed(bus, conversationId);
    const steering = message(conversationId, "rather this", { onBusy: "steer" });
    await bus.conversations.accept(steering);
    await park(bus, lease);
    await bus.conversations.cancelRun(runId, "user:ann");
    expect((await claimed(bus, conversationId)).run.messageId).toBe(steering.envelope.id);
  });

  it("[approval.cancel] and decided at once is one or the other", async () => {
    const bus = lab.openBus();
    const other = lab.openBus();
    for (let round = 0; round < 20; round += 1) {
      const { conversationId, id, runId } = await parked(bus);
      const [decided] = await Promise.all([
        bus.approvals.decide(id, approve),
        other.conversations.cancelRun(runId, "user:ann"),
      ]);
      const told = brief(await lab.events(conversationId)).filter((line) => line.startsWith("approval"));
      expect(told).toEqual([
        "approval requested",
        decided.outcome === "decided" ? "approval approved" : "approval expired",
      ]);
      // Approved just before it was cancelled, it still ends and is not continued.
      expect((await bus.conversations.findRun(runId))?.status).toBe("cancelled");
      expect(await claim(bus, conversationId)).toBe("idle");
    }
  });

  it("[approval.deleted] with its conversation takes its questions along", async () => {
    const bus = lab.openBus();
    const { conversationId, id } = await parked(bus);
    expect(await bus.conversations.delete(conversationId)).toBe("deleted");
    expect(await bus.approvals.decide(id, approve)).toEqual({ outcome: "missing" });
    expect(await lab.raw.exists(approvalPointerKey(id), metaKey(conversationId))).toBe(0);
    expect(await lab.raw.zscore(WAITING_APPROVALS_KEY, `${id} ${conversationId}`)).toBeNull();
    expect((await lab.raw.keys(`*${conversationId}*`)).filter((key) => !key.endsWith(":deleted"))).toEqual([]);
  });
});
