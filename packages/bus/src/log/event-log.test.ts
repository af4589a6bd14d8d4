import { describe, expect, it } from "@jest/globals";
import { newUuid, positionOfEventUuid, streamTopic } from "@holdfast/protocol";
import { redisCommand, until } from "@holdfast/testing";
import type { Redis } from "ioredis";
import { addressOf, ClusterMap } from "../connection/cluster-map.ts";
import { connectCluster, connectTo, disconnect } from "../connection/connect.ts";
import { parseRedisAddress } from "../connection/redis-address.ts";
import type { LogLine } from "../ports/entry.ts";
import { appendTokens, busLab, claimed, COMPLETED, message, REDIS_KINDS } from "../test-lab/bus-lab.ts";
import { ShardedSubscriber } from "./sharded-subscriber.ts";

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
