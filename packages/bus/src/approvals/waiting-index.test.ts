import { beforeEach, describe, expect, it, jest } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { Commands } from "../connection/commands.ts";
import { WAITING_APPROVALS_KEY } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import { busLab, claimed, message } from "../test-lab/bus-lab.ts";
import { park, statusOf } from "../test-lab/parking.ts";

const lab = busLab();
const approve = { decision: "approve", by: "user:ann" } as const;

async function parked(bus: Bus, expiresInMs: number): Promise<{ conversationId: string; id: string }> {
  const conversationId = newUuid();
  await bus.conversations.accept(message(conversationId));
  const [id = ""] = await park(bus, await claimed(bus, conversationId), 1, expiresInMs);
  return { conversationId, id };
}

it("[approval.list] lists what waits, page by page, the first to expire first", async () => {
  const bus = lab.openBus();
  const runs: Awaited<ReturnType<typeof parked>>[] = [];
  for (let n = 0; n < 5; n += 1) runs.push(await parked(bus, 3_600_000 - 1_000 * n));
  await bus.approvals.decide(runs[2]?.id ?? "", approve);
  // A pointer whose question was never asked, and two of one millisecond.
  const [first] = runs;
  const score = await lab.raw.zscore(WAITING_APPROVALS_KEY, `${first?.id} ${first?.conversationId}`);
  const second = await parked(bus, 1);
  await lab.raw.zadd(WAITING_APPROVALS_KEY, Number(score), `${second.id} ${second.conversationId}`);
  await lab.raw.zadd(WAITING_APPROVALS_KEY, 1, `${newUuid()} ${newUuid()}`);
  const listed = await pages(bus);
  const tied = [first?.id ?? "", second.id].toSorted((a, b) => (a < b ? -1 : 1));
  expect(listed).toEqual([...[4, 3, 1].map((n) => runs[n]?.id), ...tied]);
});

it("[approval.overdue-first] expires a question also where it was overdue before it could be asked", async () => {
  const bus = lab.openBus();
  await lab.raw.del(WAITING_APPROVALS_KEY);
  const { script } = Commands.prototype;
  const spy = jest.spyOn(Commands.prototype, "script").mockImplementation(async function (this: Commands, ...call) {
    if (call[0] === "park-4") await bus.approvals.expireOverdue();
    return script.apply(this, call);
  });
  const { id } = await parked(bus, -1_000).finally(() => spy.mockRestore());
  expect(await bus.approvals.expireOverdue()).toBe(1);
  expect(await statusOf(bus, id)).toBe("expired");
});

async function pages(bus: Bus): Promise<string[]> {
  const listed: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await bus.approvals.waiting({ limit: 2, ...(cursor ? { cursor } : {}) });
    expect(page.data.length).toBeLessThanOrEqual(2);
    listed.push(...page.data.map(({ approval_id }) => approval_id));
    cursor = page.nextCursor;
  } while (cursor);
  return listed;
}

describe("what does not wait any more", () => {
  const indexed = () => lab.raw.zcard(WAITING_APPROVALS_KEY);
  beforeEach(() => lab.raw.flushall());

  it("[approval.index] leaves the list when its run is cancelled, interrupted or deleted", async () => {
    const bus = lab.openBus();
    const [cancelled, interrupted, deleted] = [
      await parked(bus, 3_600_000),
      await parked(bus, 3_600_000),
      await parked(bus, 3_600_000),
    ];
    const snapshot = await bus.conversations.snapshot(cancelled.conversationId);
    const runId = snapshot.outcome === "found" ? (snapshot.value.activeRun?.id ?? "") : "";
    await bus.conversations.cancelRun(runId, "user:ann");
    expect(await indexed()).toBe(2);
    await bus.conversations.accept(message(interrupted.conversationId, "stop", { onBusy: "interrupt" }));
    expect(await indexed()).toBe(1);
    await bus.conversations.delete(deleted.conversationId);
    expect(await indexed()).toBe(0);
  });

  it("[approval.index] is taken out by who lists, where the process that ended it could not", async () => {
    const bus = lab.openBus();
    const { conversationId, id } = await parked(bus, 3_600_000);
    await bus.approvals.decide(id, approve);
    await lab.raw.zadd(WAITING_APPROVALS_KEY, Date.now() + 3_600_000, `${id} ${conversationId}`);
    const open = await parked(bus, 3_600_000);
    expect(await pages(bus)).toEqual([open.id]);
    expect(await indexed()).toBe(1);
  });
});
