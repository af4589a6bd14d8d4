import { describe, expect, it } from "@jest/globals";
import { chatTopic, newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { busLab, claimed, message, REDIS_KINDS } from "../test-lab/bus-lab.ts";

describe.each(REDIS_KINDS)("work queue on %s", (kind) => {
  const lab = busLab(kind);

  it("[queue.bare-xadd] reads what was in the topic before the group existed", async () => {
    const bus = lab.openBus();
    await lab.raw.xadd(chatTopic("early"), "*", "id", "1", "payload", "{}", "colour", "blue");
    const queue = bus.queues.open({ topics: [chatTopic("early")], group: "workers" });
    let entries = await queue.read(10, 10);
    if (entries.length === 0) entries = await queue.read(10, 100);
    expect(entries).toMatchObject([{ id: "1", payload: "{}" }]);
    expect(entries[0]).not.toHaveProperty("reclaimedFrom");
    await queue.ack(entries[0] as never);
    expect(await lab.raw.xlen(chatTopic("early"))).toBe(0);
    await queue.close();
  });

  it("[queue.takeover] gives a dead consumer's entries to a living one and never a living one's", async () => {
    const dead = lab.openBus();
    const living = lab.openBus();
    const leave = await dead.presence.join("worker", []);
    await living.presence.join("worker", []);
    const topics = [chatTopic("mortal")];
    await lab.raw.xadd(chatTopic("mortal"), "*", "id", "7", "payload", "{}");
    const first = dead.queues.open({ topics, group: "workers" });
    const second = living.queues.open({ topics, group: "workers" });
    await until(async () => (await first.read(1, 10)).length === 1);
    expect(await second.reclaim(10)).toEqual([]);
    await leave();
    await until(async () =>
      (await second.reclaim(10)).some((entry) => entry.id === "7" && entry.reclaimedFrom === dead.instance),
    );
    await Promise.all([first.close(), second.close()]);
  });

  it("[queue.handover] gives what a living consumer handed over to another, and nothing else of it", async () => {
    const giving = lab.openBus();
    const taking = lab.openBus();
    await Promise.all([giving.presence.join("worker", []), taking.presence.join("worker", [])]);
    const topics = [chatTopic("generous")];
    for (const id of ["kept", "given"]) await lab.raw.xadd(chatTopic("generous"), "*", "id", id, "payload", "{}");
    const first = giving.queues.open({ topics, group: "workers" });
    const second = taking.queues.open({ topics, group: "workers" });
    const entries = await until(async () => {
      const read = await first.read(2, 10);
      return read.length === 2 ? read : undefined;
    });
    await first.handOver(entries[1] as never);
    expect((await second.reclaim(10)).map((entry) => entry.id)).toEqual(["given"]);
    expect(await second.reclaim(10)).toEqual([]);
    await Promise.all([first.close(), second.close()]);
  });

  it("[queue.backstop] takes what a living consumer has not kept for a quarter of an hour, and nothing younger", async () => {
    const idling = lab.openBus();
    const taking = lab.openBus();
    await Promise.all([idling.presence.join("worker", []), taking.presence.join("worker", [])]);
    const topic = chatTopic("idle");
    const ids: string[] = [];
    for (const id of ["old", "young"]) ids.push((await lab.raw.xadd(topic, "*", "id", id, "payload", "{}")) ?? "");
    const first = idling.queues.open({ topics: [topic], group: "workers" });
    const second = taking.queues.open({ topics: [topic], group: "workers" });
    await until(async () => (await first.read(2, 10)).length === 2);
    for (const [at, idleMs] of [901_000, 840_000].entries())
      await lab.raw.xclaim(topic, "workers", idling.instance, 0, ids[at] ?? "", "IDLE", idleMs, "JUSTID");
    expect((await second.reclaim(10)).map((entry) => entry.id)).toEqual(["old"]);
    expect(await second.reclaim(10)).toEqual([]);
    await Promise.all([first.close(), second.close()]);
  });

  it("[dlq.entry] moves an entry to the dead letters with the reason, as it was received", async () => {
    const bus = lab.openBus();
    const queue = bus.queues.open({ topics: [chatTopic("bad")], group: "workers" });
    await lab.raw.xadd(chatTopic("bad"), "*", "payload", "not json");
    let entries = await queue.read(1, 10);
    while (entries.length === 0) entries = await queue.read(1, 50);
    const [entry] = entries;
    await queue.deadLetter(entry as never, { code: "invalid_entry", message: "no id" });
    const [[, fields] = ["", []]] = await lab.raw.xrange("dlq:chat:bad", "-", "+");
    expect(fields).toEqual(
      expect.arrayContaining(["payload", "not json", "error", "invalid_entry: no id", "source_id", entry?.entryId]),
    );
    expect(await lab.raw.xlen(chatTopic("bad"))).toBe(0);
    expect(await bus.queues.dlqSize(chatTopic("bad"))).toBe(1);
    await queue.close();
  });

  it("[dlq.source] names the entry of a message that was given up before or after a worker read it", async () => {
    const bus = lab.openBus();
    const topic = chatTopic("assistant");
    await lab.raw.del(topic);
    const queue = bus.queues.open({ topics: [topic], group: "workers" });
    const error = { code: "internal", message: "gave up" };
    const buried = async () => (await bus.deadLetters.list({ limit: 10, topic })).data.at(-1);
    const given = message(newUuid());
    await bus.conversations.accept(given);
    const letter = { id: given.envelope.id, payload: JSON.stringify(given.envelope), firstSeenMs: 1 };
    const entryId = (await lab.raw.xrange(topic, "-", "+"))[0]?.[0] ?? "";
    await queue.deadLetterMessage(topic, letter, error);
    expect(await buried()).toMatchObject({ id: letter.id, source_id: entryId, deliveries: 0 });
    await lab.raw.del(`dlq:${topic}`);
    await bus.conversations.accept({ ...given, alreadyQueued: true, deliveredBy: entryId });
    await lab.raw.del(topic);
    const { source } = (await claimed(bus, given.envelope.conversation_id)).run;
    expect(source).toEqual({ entryId, deliveries: 1 });
    await queue.deadLetterMessage(topic, { ...letter, ...(source ? { source } : {}) }, error);
    expect(await buried()).toMatchObject({ source_id: entryId, deliveries: 1 });
    expect(Date.parse((await buried())?.first_seen ?? "")).toBe(Number(entryId.split("-")[0]));
    await queue.deadLetterMessage(topic, letter, error);
    expect(await buried()).toMatchObject({ source_id: "", deliveries: 0, first_seen: new Date(1).toISOString() });
    await queue.close();
  });

  it("[queue.not-mine] does not acknowledge, keep or hand over an entry that another consumer has taken over", async () => {
    const slow = lab.openBus();
    const taker = lab.openBus();
    await taker.presence.join("worker", []);
    const topics = [chatTopic("slow")];
    const options = { topics, group: "workers" };
    await lab.raw.xadd(chatTopic("slow"), "*", "id", "1", "payload", "{}");
    const [first, second] = [slow.queues.open(options), taker.queues.open(options)];
    let [entry] = await first.read(1, 10);
    if (!entry) [entry] = await first.read(1, 100);
    if (!entry) throw new Error("no entry");
    await until(async () => (await second.reclaim(1)).length === 1);
    await first.keep(entry);
    await first.handOver(entry);
    await first.ack(entry);
    const pending = await lab.raw.xpending(chatTopic("slow"), "workers", "-", "+", 10);
    expect(pending).toEqual([[entry.entryId, taker.instance, expect.any(Number), expect.any(Number)]]);
    expect(await lab.raw.xlen(chatTopic("slow"))).toBe(1);
    await Promise.all([first.close(), second.close()]);
  });

  it("[queue.names] keeps no name of a consumer that stopped or died, and loses nothing that is pending to one", async () => {
    const topic = chatTopic("many");
    const options = { topics: [topic], group: "workers" };
    const names = async () =>
      ((await lab.raw.xinfo("CONSUMERS", topic, "workers")) as string[][]).map((fields) => fields[1] ?? "").toSorted();
    const readOne = async () => {
      const bus = lab.openBus();
      const queue = bus.queues.open(options);
      const id = newUuid();
      await lab.raw.xadd(topic, "*", "id", id, "payload", "{}");
      const [entry] = await until(async () => {
        const read = await queue.read(1, 10);
        return read.length > 0 ? read : undefined;
      });
      if (!entry) throw new Error("no entry");
      return { name: bus.instance, queue, id, entry };
    };
    for (const _ of ["one", "two", "three"]) {
      const { queue, entry } = await readOne();
      await queue.ack(entry);
      await queue.close();
    }
    expect(await names()).toEqual([]);
    const stopped = await readOne();
    await stopped.queue.close();
    const died = await readOne();
    await died.queue.ack(died.entry);
    expect(await names()).toEqual([stopped.name, died.name].toSorted());
    const living = lab.openBus();
    await living.presence.join("worker", []);
    const next = living.queues.open(options);
    const taken: string[] = [];
    await until(async () => {
      taken.push(...(await next.reclaim(10)).map(({ id }) => id));
      return taken.length > 0;
    });
    expect(taken).toEqual([stopped.id]);
    await until(async () => (await names()).join() === living.instance);
    await Promise.all([died.queue.close(), next.close()]);
    expect(await names()).toEqual([living.instance]);
  });

  it("forgets the name of a dead consumer once nothing is pending to it", async () => {
    const dead = lab.openBus();
    const living = lab.openBus();
    const options = { topics: [chatTopic("gone")], group: "workers" };
    await lab.raw.xadd(chatTopic("gone"), "*", "id", "1", "payload", "{}");
    const [first, second] = [dead.queues.open(options), living.queues.open(options)];
    await until(async () => (await first.read(1, 10)).length === 1);
    await until(async () => (await second.reclaim(1)).length === 1);
    const consumers = (await lab.raw.xinfo("CONSUMERS", chatTopic("gone"), "workers")) as string[][];
    expect(consumers.map((fields) => fields[1])).toEqual([living.instance]);
    await Promise.all([first.close(), second.close()]);
  });
});
