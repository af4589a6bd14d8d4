import { describe, expect, it } from "@jest/globals";
import { chatTopic } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { busLab } from "../test-lab/bus-lab.ts";

const lab = busLab();

describe("work queue", () => {
  it("[queue.bare-xadd] reads what was in the topic before the group existed", async () => {
    const bus = lab.openBus();
    await lab.raw.xadd(chatTopic("early"), "*", "id", "1", "payload", "{}", "colour", "blue");
    const queue = bus.queues.open({ topics: [chatTopic("early")], group: "workers" });
    let entries = await queue.read(10, 10);
    if (entries.length === 0) entries = await queue.read(10, 100);
    expect(entries).toMatchObject([{ id: "1", payload: "{}", reclaimed: false }]);
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
    await until(async () => (await second.reclaim(10)).some((entry) => entry.id === "7" && entry.reclaimed));
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
});
