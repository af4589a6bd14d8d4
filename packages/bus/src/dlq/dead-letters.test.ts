import { beforeEach, describe, expect, it } from "@jest/globals";
import { chatTopic, newUuid } from "@holdfast/protocol";
import type { Bus } from "../ports/bus.ts";
import type { WorkQueue } from "../ports/work-queue.ts";
import { busLab, claimed, COMPLETED, message, runIdOf, USAGE } from "../test-lab/bus-lab.ts";

const lab = busLab();
const TOPIC = chatTopic("assistant");

beforeEach(async () => {
  await lab.raw.flushall();
});

/** Takes every entry of the topic to the dead letters. */
async function giveUp(bus: Bus): Promise<WorkQueue> {
  const queue = bus.queues.open({ topics: [TOPIC], group: "workers" });
  for (let left = await lab.raw.xlen(TOPIC); left > 0; left = await lab.raw.xlen(TOPIC)) {
    for (const entry of await queue.read(10, 10))
      await queue.deadLetter(entry, { code: "run_failed", message: "gave up" });
  }
  return queue;
}

describe("dead letters", () => {
  it("[dlq.list] lists what was given up on, oldest first, page by page", async () => {
    const bus = lab.openBus();
    for (let i = 0; i < 5; i += 1) await lab.raw.xadd(TOPIC, "*", "id", `letter-${i}`, "payload", "{");
    const queue = await giveUp(bus);
    const first = await bus.deadLetters.list({ limit: 3 });
    expect(first.data.map(({ id, topic }) => [id, topic])).toEqual([0, 1, 2].map((i) => [`letter-${i}`, TOPIC]));
    const second = await bus.deadLetters.list({ limit: 3, topic: TOPIC, cursor: first.nextCursor ?? "" });
    expect(second.data.map(({ id }) => id)).toEqual(["letter-3", "letter-4"]);
    expect(second.nextCursor).toBeNull();
    expect(first.data[0]).toMatchObject({ payload: "{", error: "run_failed: gave up", deliveries: 1 });
    await queue.close();
  });

  it("[dlq.redrive] starts a new run for a message whose run ended, and the old one stays as it was", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const accepted = await bus.conversations.accept(given);
    const lease = await claimed(bus, given.envelope.conversation_id);
    await lease.finish({
      status: "failed",
      usage: USAGE,
      error: { code: "x", message: "y", retryable: true },
      history: [],
    });
    const queue = await giveUp(bus);
    const [letter] = (await bus.deadLetters.list({ limit: 10 })).data;
    const redriven = await bus.deadLetters.redrive(TOPIC, letter?.entry ?? "");
    if (redriven.outcome !== "redriven") throw new Error("missing");
    expect(redriven.runId).not.toBe(runIdOf(accepted));
    expect(await bus.queues.dlqSize(TOPIC)).toBe(0);
    expect((await queue.read(1, 100))[0]?.id).toBe(given.envelope.id);
    expect((await bus.conversations.accept({ ...given, alreadyQueued: true })).outcome).toBe("duplicate");
    const again = await claimed(bus, given.envelope.conversation_id);
    expect(again.run).toMatchObject({ id: redriven.runId, messageId: given.envelope.id });
    await again.finish(COMPLETED);
    const runs = (await lab.events(given.envelope.conversation_id)).filter((event) => event.event === "run");
    expect(runs.map((event) => [event["run_id"], event["status"], event["reason"]])).toEqual([
      [runIdOf(accepted), "queued", undefined],
      [runIdOf(accepted), "failed", undefined],
      [redriven.runId, "queued", "redriven"],
      [redriven.runId, "completed", undefined],
    ]);
    await queue.close();
  });

  it("puts what no worker could read in its topic again, as it was", async () => {
    const bus = lab.openBus();
    await lab.raw.xadd(TOPIC, "*", "id", "nobody", "payload", "{broken");
    const queue = await giveUp(bus);
    const [letter] = (await bus.deadLetters.list({ limit: 10 })).data;
    expect(await bus.deadLetters.redrive(TOPIC, letter?.entry ?? "")).toEqual({ outcome: "redriven" });
    expect(await queue.read(1, 100)).toMatchObject([{ id: "nobody", payload: "{broken" }]);
    await queue.close();
  });

  it("[dlq.delete] removes one entry and says when there is none", async () => {
    const bus = lab.openBus();
    await lab.raw.xadd(TOPIC, "*", "id", "a", "payload", "{");
    const queue = await giveUp(bus);
    const [letter] = (await bus.deadLetters.list({ limit: 10 })).data;
    expect(await bus.deadLetters.remove(TOPIC, letter?.entry ?? "")).toBe("removed");
    expect(await bus.deadLetters.remove(TOPIC, letter?.entry ?? "")).toBe("missing");
    expect(await bus.deadLetters.redrive(TOPIC, letter?.entry ?? "")).toEqual({ outcome: "missing" });
    await queue.close();
  });
});
