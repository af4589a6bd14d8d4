import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { BusUnavailable, createRedisBus, type EventLog } from "@holdfast/bus";
import { newUuid } from "@holdfast/protocol";
import { startRedis, type TestRedis } from "@holdfast/testing";
import { ConversationSource } from "./conversation-source.ts";
import { StreamHub } from "./stream-hub.ts";
import { Turnstile } from "./turnstile.ts";

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

it("gives who comes next another feed where one could not begin, though somebody still holds it", async () => {
  const bus = createRedisBus({ url: redis.url });
  let failures = 1;
  const log: EventLog = {
    head: async (conversationId) => {
      failures -= 1;
      if (failures >= 0) throw new BusUnavailable("away for a moment");
      return bus.eventLog.head(conversationId);
    },
    read: bus.eventLog.read.bind(bus.eventLog),
    locate: bus.eventLog.locate.bind(bus.eventLog),
    renew: bus.eventLog.renew.bind(bus.eventLog),
    follow: bus.eventLog.follow.bind(bus.eventLog),
  };
  const source = new ConversationSource({
    log,
    isGone: async () => false,
    turnstile: new Turnstile(1),
    onTrouble: () => undefined,
  });
  const hub = new StreamHub(source, 60_000);
  try {
    const id = newUuid();
    const held = await hub.enter(id);
    await expect(held.begun).rejects.toThrow(BusUnavailable);
    const next = await hub.enter(id);
    await expect(next.begun).resolves.toBeUndefined();
    hub.leave(held);
    expect(hub.size).toBe(1);
    hub.leave(next);
    expect(hub.size).toBe(0);
  } finally {
    hub.close();
    await bus.close();
  }
});
