import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { chatTopic, dlqTopic, newUuid, streamTopic } from "@holdfast/protocol";
import { redisCommand, startRedisCluster, type TestCluster, until } from "@holdfast/testing";
import { approvalPointerKey, WAITING_APPROVALS_KEY } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import type { LogLine } from "../ports/entry.ts";
import { createRedisBus } from "../redis-bus.ts";
import { appendTokens, claimed, COMPLETED, indexesOf, message, upTo } from "../test-lab/bus-lab.ts";
import { park } from "../test-lab/parking.ts";

let cluster: TestCluster;
let bus: Bus;
beforeAll(async () => {
  cluster = await startRedisCluster();
  bus = createRedisBus({ url: cluster.url });
}, 60_000);
afterAll(async () => {
  await bus.close();
  await cluster.stop();
});

describe("a write in another slot that a run rests on", () => {
  /** How often the primary of the key was asked whether a replica has what was written. */
  async function asked(key: string): Promise<number> {
    const stats = await redisCommand((await cluster.primaryOf(key)).port, "INFO", "commandstats");
    return Number(/cmdstat_wait:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }

  it("[failover.pointers] is on a replica before the run waits for the humans that it leads to it", async () => {
    // A machine that is busy may have a replica that is late and not waited for, now and then.
    await until(
      async () => {
        const id = newUuid();
        await bus.conversations.accept(message(id));
        const lease = await claimed(bus, id);
        const pointers = [WAITING_APPROVALS_KEY, approvalPointerKey(bus.approvals.idOf(lease.run.id, 0, 0))];
        const own = await cluster.primaryOf(streamTopic(id));
        const theirs = await Promise.all(pointers.map((key) => cluster.primaryOf(key)));
        const before = await Promise.all(pointers.map(asked));
        await park(bus, lease);
        const after = await Promise.all(pointers.map(asked));
        return !theirs.includes(own) && after.every((times, at) => times > (before[at] ?? 0));
      },
      { timeoutMs: 20_000 },
    );
  }, 30_000);

  it("[failover.letter] is on a replica before the run forgets the dead letter that it owed", async () => {
    const topic = chatTopic("assistant");
    const queue = bus.queues.open({ topics: [topic], group: "workers" });
    const letter = { id: newUuid(), payload: "{}", firstSeenMs: 1, source: { entryId: "1-1", deliveries: 1 } };
    await until(
      async () => {
        const before = await asked(dlqTopic(topic));
        await queue.deadLetterMessage(topic, letter, { code: "internal", message: "gave up" });
        return (await asked(dlqTopic(topic))) > before;
      },
      { timeoutMs: 20_000 },
    );
    await queue.close();
  }, 30_000);
});

describe("a slot that moves to another server", () => {
  const order = (line: LogLine) => Number(line.id.split("-")[1]);

  it("[cluster.reshard] costs a running answer a pause: its events are in the log once, and readers hear on", async () => {
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    // By seq: the slot's new server begins another epoch, in which every event has its old place.
    const heard = new Map<number, LogLine>();
    const hear = (lines: readonly LogLine[]) => lines.forEach((line) => heard.set(order(line), line));
    await bus.eventLog.follow(id, {
      onLines: hear,
      onResubscribed: () => void bus.eventLog.read(id, undefined, 1_000).then(hear),
      onDeleted: () => undefined,
    });
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    appendTokens(20, lease);
    await lease.flush();
    let meanwhile: Promise<void> | undefined;
    await cluster.reshard(streamTopic(id), async () => {
      appendTokens(20, lease, 20);
      meanwhile = lease.flush();
      await Promise.race([meanwhile, new Promise((resolve) => setTimeout(resolve, 300))]);
    });
    await meanwhile;
    appendTokens(20, lease, 40);
    await lease.finish(COMPLETED);
    expect(indexesOf(await bus.eventLog.read(id, undefined, 1_000))).toEqual(upTo(60));
    await until(() => indexesOf([...heard.values()].toSorted((one, other) => order(one) - order(other))).length === 60);
    await bus.conversations.accept(message(id));
    await until(async () => (await claimed(bus, id)).run.id !== lease.run.id);
  }, 60_000);
});
