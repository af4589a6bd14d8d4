import { beforeEach, describe, expect, it } from "@jest/globals";
import { chatTopic, newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { outboxKey, runKey } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import type { RunLease } from "../ports/runs.ts";
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

  it("[dlq.redrive-delete] keeps nothing of the runs before a redrive once their conversation is deleted", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    const runIds = [runIdOf(await bus.conversations.accept(given))];
    const error = { code: "x", message: "y", retryable: true };
    for (const _ of ["once", "twice"]) {
      // Its letter is owed still: it holds the message.
      const failed = { status: "failed", usage: USAGE, error, givenUp: error, history: [] } as const;
      await (await claimed(bus, id)).finish(failed);
      await (await giveUp(bus)).close();
      const [letter] = (await bus.deadLetters.list({ limit: 1 })).data;
      const redriven = await bus.deadLetters.redrive(TOPIC, letter?.entry ?? "");
      if (redriven.outcome !== "redriven") throw new Error("missing");
      runIds.push(redriven.runId ?? "");
    }
    expect(await bus.conversations.findRun(runIds[0] ?? "")).toMatchObject({ status: "failed" });
    expect(await bus.conversations.delete(id)).toBe("deleted");
    for (const runId of runIds) expect(await bus.conversations.findRun(runId)).toBeUndefined();
    const left = (await lab.keys()).filter((key) => key.includes(id) || key.startsWith("run:"));
    expect(left).toEqual([`{stream:${id}}:deleted`]);
  });

  it("[dlq.owed] buries the message of a run that was given up also where its worker died right after the run's end", async () => {
    const bus = lab.openBus();
    const queue = bus.queues.open({ topics: [TOPIC], group: "workers" });
    const id = newUuid();
    const bare = { conversation_id: id, content: "as it came" };
    const error = { code: "internal", message: "three times", retryable: true };
    const failed = { status: "failed" as const, usage: USAGE, history: [], error, givenUp: error };
    const notes = () => lab.raw.zrange(outboxKey(id), "0", "-1");
    const sweep = async (): Promise<number> => {
      for (const note of await notes()) await lab.raw.zadd(outboxKey(id), Date.now() - 60_000, note);
      return bus.sweepOutbox();
    };
    const giveUpNext = async (): Promise<RunLease> => {
      const given = message(id);
      const source = await lab.raw.xadd(TOPIC, "*", "id", given.envelope.id, "payload", JSON.stringify(bare));
      const entry = await until(async () => (await queue.read(1, 10))[0]);
      await bus.conversations.accept({ ...given, alreadyQueued: true, deliveredBy: source ?? "" });
      const claim = await bus.runs.claim(id, "assistant", { entry });
      if (claim.outcome !== "claimed") throw new Error(claim.outcome);
      await claim.lease.finish(failed);
      return claim.lease;
    };
    const { run } = await giveUpNext();
    expect(await bus.queues.dlqSize(TOPIC)).toBe(0);
    expect(await sweep()).toBe(1);
    const [letter, ...more] = (await bus.deadLetters.list({ limit: 10 })).data;
    const { messageId, source } = run;
    expect(letter).toMatchObject({ id: messageId, source_id: source?.entryId, deliveries: 1 });
    expect([letter?.error, letter?.payload]).toEqual(["internal: three times", JSON.stringify(bare)]);
    expect(more).toEqual([]);
    expect(await lab.raw.hexists(runKey(id, run.id), "letter")).toBe(0);
    await (await giveUpNext()).buried();
    expect(await notes()).toEqual([]);
    expect(await sweep()).toBe(0);
    expect(await bus.queues.dlqSize(TOPIC)).toBe(1);
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
