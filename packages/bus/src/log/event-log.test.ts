import { describe, expect, it } from "@jest/globals";
import { newUuid, positionOfEventUuid, streamTopic } from "@holdfast/protocol";
import { redisCommand, startPartition, until } from "@holdfast/testing";
import type { Redis } from "ioredis";
import { addressOf, ClusterMap } from "../connection/cluster-map.ts";
import { connect, connectCluster, connectTo, disconnect } from "../connection/connect.ts";
import { type Access, parseRedisAddress } from "../connection/redis-address.ts";
import type { LogLine } from "../ports/entry.ts";
import { appendTokens, busLab, claimed, COMPLETED, message, REDIS_KINDS } from "../test-lab/bus-lab.ts";
import { ShardedSubscriber } from "./sharded-subscriber.ts";
import { OneConnectionSubscriber, type Subscriber } from "./subscriber.ts";

describe.each(REDIS_KINDS)("event log on %s", (kind) => {
  const lab = busLab(kind);

  it("[log.ids] numbers events from 1 without a gap and derives their UUIDs from the number", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    const lease = await claimed(bus, given.envelope.conversation_id);
    appendTokens(3, lease);
    await lease.flush();
    const entries = await lab.raw.xrange(streamTopic(given.envelope.conversation_id), "-", "+");
    expect(entries.map(([id]) => Number(id.split("-")[1]))).toEqual([1, 2, 3, 4, 5]);
    expect(entries[0]?.[1][1]).toBe(given.envelope.id);
    const [id = "", fields = []] = entries[4] ?? [];
    expect(positionOfEventUuid(fields[1] ?? "")).toEqual({ epoch: Number(id.split("-")[0]), seq: 5 });
    expect(await bus.eventLog.locate(given.envelope.conversation_id, fields[1] ?? "")).toBe(id);
    expect(await bus.eventLog.locate(given.envelope.conversation_id, given.envelope.id)).toBe(entries[0]?.[0]);
  });

  it("[log.one-epoch] renumbers a log that begins another epoch: every event keeps its place, and nothing of the old one is left", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    appendTokens(1_200, lease);
    await lease.flush();
    const entries = () => lab.raw.xrange(streamTopic(id), "-", "+");
    // As compaction does.
    await lab.raw.xdel(streamTopic(id), (await entries())[7]?.[0] ?? "");
    const before = await entries();
    const head = await bus.eventLog.head(id);
    if (!head) throw new Error("the log is empty");
    await bus.eventLog.renew(id, { epoch: head.epoch, seq: head.seq + 1 });
    const fresh = await bus.eventLog.head(id);
    expect(fresh).toEqual({ epoch: fresh?.epoch, seq: head.seq });
    expect(fresh?.epoch).toBeGreaterThan(head.epoch);
    const after = await entries();
    expect(after.map(([, fields]) => fields[3])).toEqual(before.map(([, fields]) => fields[3]));
    expect(after.map(([entry]) => entry)).toEqual(before.map(([entry]) => `${fresh?.epoch}-${entry.split("-")[1]}`));
    const [said, ...events] = after;
    expect(said?.[1][1]).toBe(given.envelope.id);
    expect(events.map(([, fields]) => positionOfEventUuid(fields[1] ?? ""))).toEqual(
      events.map(([entry]) => ({ epoch: fresh?.epoch, seq: Number(entry.split("-")[1]) })),
    );
    expect(await bus.eventLog.locate(id, given.envelope.id)).toBe(said?.[0]);
    appendTokens(1, lease, 1_200);
    await lease.finish(COMPLETED);
    const epochs = (await entries()).map(([entry]) => entry.split("-")[0]);
    expect(new Set(epochs)).toEqual(new Set([String(fresh?.epoch)]));
  });

  it("[log.live] delivers live exactly what it stores", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    const heard: LogLine[] = [];
    await bus.eventLog.follow(id, {
      onLines: (lines) => void heard.push(...lines),
      onResubscribed: () => undefined,
      onDeleted: () => undefined,
    });
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    lease.append({ event: "token", step: 0, index: 0, offset: 0, text: 'line\nbreak "ü" 😀' });
    await lease.finish(COMPLETED);
    await until(() => heard.length === 5);
    expect(heard).toEqual(await bus.eventLog.read(id, undefined, 100));
  });
});

describe("subscriptions at one server", () => {
  const lab = busLab();

  it("end together where channels are left, but for one that is followed again by then", async () => {
    const address = parseRedisAddress(lab.url);
    if (address.kind === "cluster") throw new Error("one server");
    const redis = connect(address, { name: "left", onTrouble: () => undefined });
    const subscriber = new OneConnectionSubscriber(redis);
    const follower = { onLines: () => undefined, onResubscribed: () => undefined, onDeleted: () => (heard += 1) };
    let heard = 0;
    const stops = await Promise.all(["kept", "gone", "also"].map((channel) => subscriber.follow(channel, follower)));
    const said: unknown[] = [];
    const unsubscribe = redis.unsubscribe.bind(redis);
    redis.unsubscribe = ((...channels: string[]) => (said.push(channels), unsubscribe(...channels))) as never;
    for (const stop of stops) stop();
    await subscriber.follow("kept", follower);
    const followed = async () => lab.raw.pubsub("NUMSUB", "kept", "gone", "also");
    await until(async () => String(await followed()) === "kept,1,gone,0,also,0");
    expect(said).toEqual([["gone", "also"]]);
    await lab.raw.publish("kept", "!deleted");
    await until(() => heard === 1);
    await subscriber.close();
  });
});

describe("subscriptions at a Cluster", () => {
  const lab = busLab("a Cluster");

  it("end also where the last follower leaves while the channel is being subscribed again", async () => {
    const address = parseRedisAddress(lab.url);
    if (address.kind !== "cluster") throw new Error(address.kind);
    const options = { name: "test", refusesAtBreak: true, onTrouble: () => undefined };
    const cluster = connectCluster(address, options);
    const map = new ClusterMap(cluster);
    const lines: Redis[] = [];
    let onSubscribed = (): void => undefined;
    const subscriber = new ShardedSubscriber(map, (node) => {
      const line = connectTo(node, address.access, options);
      const subscribe = line.ssubscribe.bind(line) as (channel: string) => Promise<unknown>;
      const ssubscribe = (channel: string) => subscribe(channel).finally(() => onSubscribed());
      lines.push(Object.assign(line, { ssubscribe }));
      return line;
    });
    try {
      const channel = streamTopic(newUuid());
      const unheard = { onLines: () => undefined, onResubscribed: () => undefined, onDeleted: () => undefined };
      const leave = await subscriber.follow(channel, unheard);
      const { port } = addressOf(await map.findOwner(channel));
      const followed = async () => (await redisCommand(port, "PUBSUB", "SHARDNUMSUB", channel)).endsWith(":1\r\n");
      expect(await followed()).toBe(true);
      let hasLeft = false;
      onSubscribed = () => {
        hasLeft = true;
        leave();
      };
      lines[0]?.disconnect();
      await until(() => hasLeft);
      await until(async () => !(await followed()));
    } finally {
      await Promise.all([subscriber.close(), disconnect(cluster)]);
    }
  });
});

describe("a subscription that died in silence", () => {
  const single = busLab("one server");
  const sharded = busLab("a Cluster");
  const options = { name: "test", refusesAtBreak: true, onTrouble: () => undefined };

  interface Place {
    readonly port: number;
    readonly channel: string;
    readonly publish: "PUBLISH" | "SPUBLISH";
    /** A subscriber to the same server through another port. */
    subscriber(port: number): Subscriber;
  }

  /** What a follower is told when nothing comes through for a moment, and never again over the connection that there was. */
  async function toldAfterSilence({ port, channel, publish, subscriber: open }: Place): Promise<string[]> {
    const network = await startPartition(port);
    const subscriber = open(network.port);
    const told: string[] = [];
    try {
      await subscriber.follow(channel, {
        onLines: (lines) => void told.push(...lines.map(({ payload }) => payload)),
        onResubscribed: () => void told.push("read what was missed"),
        onDeleted: () => undefined,
      });
      network.cut();
      await redisCommand(port, publish, channel, "1-1 lost");
      network.heal();
      await until(() => told.length > 0, { timeoutMs: 30_000 });
      await redisCommand(port, publish, channel, "1-2 heard");
      await until(() => told.length > 1);
      return told.slice(0, 2);
    } finally {
      await subscriber.close();
      await network.stop();
    }
  }

  function atServer(): Place {
    const subscriber = (port: number) => {
      const address = parseRedisAddress(`redis://127.0.0.1:${port}`);
      if (address.kind === "cluster") throw new Error(address.kind);
      return new OneConnectionSubscriber(connect(address, { ...options, refusesAtBreak: false }));
    };
    return { port: Number(new URL(single.url).port), channel: "any", publish: "PUBLISH", subscriber };
  }

  async function atCluster(map: ClusterMap): Promise<Place> {
    const { access } = parseRedisAddress(sharded.url) as { access: Access };
    const owner = await map.findOwner("any");
    const subscriber = (port: number) =>
      new ShardedSubscriber(map, ({ host }) => connectTo({ host, port }, access, options));
    return { port: addressOf(owner).port, channel: map.keyOf(owner, "any"), publish: "SPUBLISH", subscriber };
  }

  it("[log.silence] is noticed, by a server's and by a Cluster's subscriber, and begun anew", async () => {
    const address = parseRedisAddress(sharded.url);
    if (address.kind !== "cluster") throw new Error(address.kind);
    const cluster = connectCluster(address, options);
    try {
      const places = [atServer(), await atCluster(new ClusterMap(cluster))];
      const told = await Promise.all(places.map(toldAfterSilence));
      for (const words of told) expect(words).toEqual(["read what was missed", "heard"]);
    } finally {
      await disconnect(cluster);
    }
  }, 60_000);
});
