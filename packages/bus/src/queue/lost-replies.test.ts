import { expect, it } from "@jest/globals";
import { chatTopic, newUuid, WORKERS_GROUP } from "@holdfast/protocol";
import type { BlockingReads } from "../connection/blocking-reads.ts";
import { Commands } from "../connection/commands.ts";
import type { Entry } from "../ports/entry.ts";
import { busLab } from "../test-lab/bus-lab.ts";
import { RedisWorkQueue } from "./redis-work-queue.ts";

const lab = busLab();

/** Something of ours that happens beside a command of the queue: `command` asks Redis. */
type Beside = (command: () => Promise<unknown>) => Promise<unknown>;

/** A queue whose topic has one entry that is pending to a dead consumer, and of which some commands do not go well. */
async function afterADeath(beside: { readonly xclaim?: Beside; readonly xpending?: Beside } = {}) {
  const topic = chatTopic(newUuid());
  const entryId = (await lab.raw.xadd(topic, "*", "id", "1", "payload", "{}")) ?? "";
  await lab.raw.xgroup("CREATE", topic, WORKERS_GROUP, "0");
  await lab.raw.xreadgroup("GROUP", WORKERS_GROUP, "dead", "STREAMS", topic, ">");
  await lab.raw.xclaim(topic, WORKERS_GROUP, "dead", 0, entryId, "IDLE", 60_000, "JUSTID");
  const redis = new Proxy(lab.raw, {
    get(target, name: "xclaim" | "xpending") {
      const command = (...args: never[]) => (target[name] as (...all: never[]) => Promise<unknown>)(...args);
      const around = beside[name];
      return around ? (...args: never[]) => around(() => command(...args)) : command;
    },
  });
  let isBroken = false;
  const reads: BlockingReads = {
    any: async (topics, read) => {
      if (isBroken) throw new Error("Connection is closed.");
      return [await read(lab.raw, topics)];
    },
    close: () => undefined,
  };
  const queue = new RedisWorkQueue({
    topics: [topic],
    group: WORKERS_GROUP,
    consumer: "living",
    commands: new Commands({ redis, primaries: { of: () => undefined }, isOneServer: true }),
    reads,
    presence: lab.openBus().presence,
  });
  return {
    topic,
    queue,
    entryId,
    async breakARead() {
      isBroken = true;
      await expect(queue.read(1, 10)).rejects.toThrow("Connection is closed");
      isBroken = false;
    },
  };
}

type Pending = [entryId: string, owner: string, idleMs: number, deliveries: number];
const idsOf = (entries: readonly Entry[]): string[] => entries.map((entry) => entry.entryId);

it("[queue.once] gives an entry out once that is taken over while it looks for what a broken read may have lost", async () => {
  let meanwhile: Entry[] = [];
  const { queue, entryId, breakARead } = await afterADeath({
    async xclaim(command) {
      const claimed = await command();
      meanwhile = await queue.read(1, 10);
      return claimed;
    },
  });
  await breakARead();
  const reclaimed = await queue.reclaim(1);
  expect(idsOf([...meanwhile, ...reclaimed])).toEqual([entryId]);
});

it("[queue.unseen] finds what was made pending to it by a take-over that failed, also while it was looking", async () => {
  let takesOver = async (): Promise<void> => {
    takesOver = async () => undefined;
    await expect(queue.reclaim(1)).rejects.toThrow("LOADING");
  };
  const { queue, entryId, breakARead } = await afterADeath({
    async xclaim(command) {
      await command();
      throw new Error("LOADING Redis is loading the dataset in memory");
    },
    async xpending(command) {
      const pending = await command();
      await takesOver();
      return pending;
    },
  });
  await breakARead();
  expect(await queue.read(1, 10)).toEqual([]);
  expect(idsOf(await queue.read(1, 10))).toEqual([entryId]);
});

it("[queue.unseen] finds what a take-over took whose reply was lost, and which was sent again", async () => {
  const { queue, entryId } = await afterADeath({
    async xclaim(command) {
      await command();
      return command();
    },
  });
  expect(await queue.reclaim(1)).toEqual([]);
  expect(idsOf(await queue.read(1, 10))).toEqual([entryId]);
});

it("[queue.unseen] finds all of it, however much there is, and says that it was taken over", async () => {
  const { topic, queue, entryId, breakARead } = await afterADeath();
  for (let more = 0; more < 1_500; more += 1) await lab.raw.xadd(topic, "*", "id", "2", "payload", "{}");
  await lab.raw.xreadgroup("GROUP", WORKERS_GROUP, "living", "COUNT", 2_000, "STREAMS", topic, ">");
  await lab.raw.xclaim(topic, WORKERS_GROUP, "living", 0, entryId, "JUSTID");
  await breakARead();
  const found = await queue.read(1, 10);
  expect(new Set(idsOf(found)).size).toBe(1_501);
  expect(new Set(found.map(({ reclaimedFrom }) => reclaimedFrom))).toEqual(new Set(["living"]));
});

it("[queue.unseen] finds what another gave to it without a word", async () => {
  const { topic, queue, entryId } = await afterADeath();
  await lab.raw.xclaim(topic, WORKERS_GROUP, "living", 0, entryId, "IDLE", 21_000, "JUSTID");
  expect(await queue.reclaim(1)).toEqual([]);
  expect(idsOf(await queue.read(1, 10))).toEqual([entryId]);
  await lab.raw.xclaim(topic, WORKERS_GROUP, "living", 0, entryId, "IDLE", 21_000, "JUSTID");
  expect([...(await queue.reclaim(1)), ...(await queue.read(1, 10))]).toEqual([]);
});

it("[queue.unseen] leaves what is in hand as old as it is, for others to take in the end", async () => {
  const { topic, queue, entryId } = await afterADeath();
  expect(idsOf(await queue.reclaim(1))).toEqual([entryId]);
  await lab.raw.xclaim(topic, WORKERS_GROUP, "living", 0, entryId, "IDLE", 800_000, "JUSTID");
  expect(await queue.reclaim(1)).toEqual([]);
  expect(await queue.read(1, 10)).toEqual([]);
  const [[, , idleMs, deliveries]] = (await lab.raw.xpending(topic, WORKERS_GROUP, "-", "+", 1)) as [Pending];
  expect(idleMs).toBeGreaterThanOrEqual(800_000);
  expect(deliveries).toBe(1);
});

it("[queue.unseen] acknowledges what was deleted while nobody saw it", async () => {
  const { topic, queue, entryId, breakARead } = await afterADeath();
  await lab.raw.xclaim(topic, WORKERS_GROUP, "living", 0, entryId, "JUSTID");
  await lab.raw.xdel(topic, entryId);
  await breakARead();
  expect(await queue.read(1, 10)).toEqual([]);
  expect(await lab.raw.xpending(topic, WORKERS_GROUP, "-", "+", 1)).toEqual([]);
});

it("[queue.unseen] looks on where one of the topics has never been read by anybody", async () => {
  const { topic, queue, entryId, breakARead } = await afterADeath();
  await lab.raw.xclaim(topic, WORKERS_GROUP, "living", 0, entryId, "JUSTID");
  queue.setTopics([topic], { cancelled: [chatTopic(newUuid())] });
  await breakARead();
  expect(idsOf(await queue.read(1, 10))).toEqual([entryId]);
});

it("[queue.unseen] finds it also where nothing new may be read", async () => {
  const { topic, queue, entryId, breakARead } = await afterADeath();
  await lab.raw.xclaim(topic, WORKERS_GROUP, "living", 0, entryId, "JUSTID");
  await breakARead();
  queue.setTopics([], { cancelled: [topic] });
  expect(idsOf(await queue.read(1, 10))).toEqual([entryId]);
});
