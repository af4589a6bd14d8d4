import { describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import type { Bus } from "../ports/bus.ts";
import type { RunLease } from "../ports/runs.ts";
import { inboxKey, steerKey } from "../keys.ts";
import { busLab, claimed, COMPLETED, message, runIdOf } from "../test-lab/bus-lab.ts";

const lab = busLab();
const steering = (id: string, content: string) => message(id, content, { onBusy: "steer" });

/** A conversation whose first message has an owner. */
async function running(bus: Bus): Promise<{ id: string; lease: RunLease }> {
  const given = message(newUuid(), "first");
  await bus.conversations.accept(given);
  const id = given.envelope.conversation_id;
  return { id, lease: await claimed(bus, id) };
}

const contents = (steered: Awaited<ReturnType<RunLease["beginStep"]>>) =>
  steered.map(({ envelope }) => envelope.content);
const waitingRuns = (id: string) => lab.raw.lrange(inboxKey(id), 0, -1);
const endings = async (id: string) =>
  (await lab.events(id)).flatMap((event) =>
    event.event === "run" && event.status !== "queued" ? [[event.run_id, event.status, event.reason]] : [],
  );

describe("on_busy: steer", () => {
  it("[steer.accept] waits as any message where no run of its agent is in progress", async () => {
    const bus = lab.openBus();
    const id = newUuid();
    const first = await bus.conversations.accept(steering(id, "nothing runs yet"));
    expect(await waitingRuns(id)).toEqual([runIdOf(first)]);
    const lease = await claimed(bus, id);
    const other = await bus.conversations.accept({ ...steering(id, "for another"), agent: "poet" });
    expect(await waitingRuns(id)).toEqual([runIdOf(other)]);
    await bus.conversations.cancelRun(lease.run.id, "user:ann");
    const late = await bus.conversations.accept(steering(id, "too late"));
    expect(await waitingRuns(id)).toEqual([runIdOf(other), runIdOf(late)]);
    expect(await lease.beginStep(0)).toEqual([]);
  });

  it("[steer.once] is taken in once, however often the step begins, and its run ends steered", async () => {
    const bus = lab.openBus();
    const { id, lease } = await running(bus);
    const given = steering(id, 'mind "this" and @run %1');
    const accepted = await bus.conversations.accept(given);
    expect(await bus.conversations.accept(given)).toEqual({ ...accepted, outcome: "duplicate" });
    expect(contents(await lease.beginStep(0))).toEqual([given.envelope.content]);
    const second = await bus.conversations.accept(steering(id, "and that"));
    expect(contents(await lease.beginStep(0))).toEqual([given.envelope.content, "and that"]);
    expect(await lease.beginStep(1)).toEqual([]);
    expect(await endings(id)).toEqual([
      [runIdOf(accepted), "completed", "steered"],
      [runIdOf(second), "completed", "steered"],
    ]);
    expect(await bus.conversations.findRun(runIdOf(accepted))).toMatchObject({
      status: "completed",
      reason: "steered",
    });
    await lease.release();
    const next = await claimed(bus, id);
    expect(next.run.id).toBe(lease.run.id);
    expect(contents(next.run.journal.steered.get(0) ?? [])).toEqual([given.envelope.content, "and that"]);
    expect(await lab.raw.zrange("{control:assistant}:unfinished", "0", "-1")).toContain(`${id} ${lease.run.id}`);
    expect(await lab.raw.zrange("{control:assistant}:unfinished", "0", "-1")).not.toContain(`${id} ${runIdOf(second)}`);
  });

  it("[steer.leftover] goes to the head of the inbox, in order, when the run ends without another step", async () => {
    const bus = lab.openBus();
    const { id, lease } = await running(bus);
    const waiting = await bus.conversations.accept(message(id, "waits"));
    const steered = [
      await bus.conversations.accept(steering(id, "one")),
      await bus.conversations.accept(steering(id, "two")),
    ];
    await bus.conversations.cancelRun(lease.run.id, "user:ann");
    expect(await lease.beginStep(1)).toEqual([]);
    await lease.finish({ ...COMPLETED, status: "cancelled" });
    expect(await waitingRuns(id)).toEqual([...steered, waiting].map(runIdOf));
    expect((await claimed(bus, id)).run.id).toBe(runIdOf(steered[0] as never));
  });

  it("[steer.interrupt] waits behind a message that interrupts", async () => {
    const bus = lab.openBus();
    const { id, lease } = await running(bus);
    const steered = await bus.conversations.accept(steering(id, "left"));
    const interrupting = await bus.conversations.accept(message(id, "stop", { onBusy: "interrupt" }));
    expect(await lease.beginStep(1)).toEqual([]);
    await lease.finish({ ...COMPLETED, status: "cancelled" });
    expect(await waitingRuns(id)).toEqual([interrupting, steered].map(runIdOf));
  });

  it("[steer.cancel] can be cancelled before it is taken in", async () => {
    const bus = lab.openBus();
    const { id, lease } = await running(bus);
    const steered = await bus.conversations.accept(steering(id, "left"));
    expect(await bus.conversations.cancelRun(runIdOf(steered), "user:ann")).toMatchObject({ outcome: "cancelled" });
    expect(await lease.beginStep(0)).toEqual([]);
    expect(await endings(id)).toEqual([[runIdOf(steered), "cancelled", "cancelled"]]);
    const taken = await bus.conversations.accept(steering(id, "right"));
    await lease.beginStep(1);
    expect(await bus.conversations.cancelRun(runIdOf(taken), "user:ann")).toMatchObject({ outcome: "ended" });
  });

  it("[steer.snapshot] stands in the snapshot where it waits, and where it was heard once it was", async () => {
    const bus = lab.openBus();
    const { id, lease } = await running(bus);
    await bus.conversations.accept(message(id, "waits"));
    await bus.conversations.accept(steering(id, "left"));
    const shown = async () => {
      const found = await bus.conversations.snapshot(id);
      return found.outcome === "found" ? found.value.messages.map(({ content }) => content) : [];
    };
    expect(await shown()).toEqual(["first", "left", "waits"]);
    await lease.beginStep(0);
    expect(await shown()).toEqual(["first", "left", "waits"]);
    const step = { step: 0, text: "looking", calls: [], usage: COMPLETED.usage, created_at: new Date().toISOString() };
    lease.append({ event: "step", step: 0, text: "looking", text_sha256: "", finish_reason: "tool_calls" }, { step });
    await bus.conversations.accept(steering(id, "right"));
    await lease.beginStep(1);
    expect(await shown()).toEqual(["first", "left", "looking", "right", "waits"]);
  });

  it("leaves nothing behind when the conversation is deleted, and the owner is refused", async () => {
    const bus = lab.openBus();
    const { id, lease } = await running(bus);
    const steered = await bus.conversations.accept(steering(id, "left"));
    await bus.conversations.delete(id);
    expect(await lab.raw.exists(steerKey(id))).toBe(0);
    expect(await bus.conversations.findRun(runIdOf(steered))).toBeUndefined();
    await expect(lease.beginStep(0)).rejects.toThrow("another owner has the run");
  });
});
