import { describe, expect, it } from "@jest/globals";
import { chatTopic, newUuid, WORKERS_GROUP } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { Commands } from "../connection/commands.ts";
import { busLab, claimed, COMPLETED, message, runIdOf } from "../test-lab/bus-lab.ts";
import { requeueStranded } from "./stranded.ts";

const lab = busLab();

/** An agent of the test's own, whose queue was read to its end and whose entries are gone. */
async function stranded(agent: string, count = 1) {
  const bus = lab.openBus();
  const leave = await bus.presence.join("worker", [agent]);
  const id = newUuid();
  const runIds: string[] = [];
  for (let turn = 0; turn < count; turn += 1)
    runIds.push(runIdOf(await bus.conversations.accept(message(id, `turn ${turn}`, { agent }))));
  const queue = bus.queues.open({ topics: [chatTopic(agent)], group: WORKERS_GROUP });
  let entries = await queue.read(10, 10);
  if (entries.length === 0) entries = await queue.read(10, 500);
  for (const entry of entries) await queue.ack(entry);
  await queue.close();
  const claim = () => bus.runs.claim(id, agent);
  return { bus, id, runIds, leave, claim, sweep: () => lab.openBus().runs.requeueStranded(agent, 0) };
}
const queued = async (agent: string) =>
  (await lab.raw.xrange(chatTopic(agent), "-", "+")).map(([, fields]) => fields[1]);

describe("stranded runs", () => {
  it("[stranded.queued] queues a run again whose entry is gone, under the same id, and of a conversation only the next", async () => {
    const { id, sweep } = await stranded("lost", 2);
    expect(await sweep()).toBe(1);
    const [messageId, ...more] = await queued("lost");
    expect(more).toEqual([]);
    const first = (await lab.events(id)).find((event) => event.event === "user_message");
    expect(messageId).toBe(first?.message_id);
  });

  it("[stranded.unheard] is told again whom it is to look at, where the reply was lost", async () => {
    const { bus, id } = await stranded("unheard");
    // As a client does that sends again what was not answered.
    const redis = new Proxy(lab.raw, {
      get: (raw, name: "evalsha" | "eval" | "zrem") => {
        const command = (...args: never[]) => (raw[name] as (...all: never[]) => Promise<unknown>)(...args);
        return async (...args: never[]) => (await command(...args), command(...args));
      },
    });
    const commands = new Commands({ redis, primaries: { of: () => undefined }, isOneServer: true });
    expect(await requeueStranded(commands, bus.presence, "unheard", 0)).toBe(1);
    const [said] = (await lab.events(id)).filter((event) => event.event === "user_message");
    expect(new Set(await queued("unheard"))).toEqual(new Set([said?.message_id]));
  });

  it("[stranded.owned] leaves a run with a living owner alone, and queues it when that is dead or let it go", async () => {
    const { claim, sweep, leave } = await stranded("owned");
    const held = await claim();
    expect(await sweep()).toBe(0);
    if (held.outcome === "claimed") await held.lease.release();
    expect(await sweep()).toBe(1);
    await lab.raw.xtrim(chatTopic("owned"), "MAXLEN", 0);
    await claim();
    expect(await sweep()).toBe(0);
    await leave();
    await lab.raw.del(chatTopic("owned"));
    expect(await sweep()).toBe(1);
  });

  it("[stranded.drain] leaves one that has not begun alone while its agent drains, however often it looks", async () => {
    const agent = "drained";
    const { bus, claim, leave } = await stranded(agent);
    const sweep = () => bus.runs.requeueStranded(agent, 0, "begun");
    for (let looks = 0; looks < 3; looks += 1) expect(await sweep()).toBe(0);
    await claim();
    await leave();
    expect(await sweep()).toBe(1);
  });

  it("[stranded.backlog] is found although the queue is never empty, once what was queued with it has been read", async () => {
    const agent = "backlog";
    const { id, runIds } = await stranded(agent);
    const sweep = () => lab.openBus().runs.requeueStranded(agent, 10_000);
    const acceptedAgo = (ms: number) =>
      lab.raw.zadd(`{control:${agent}}:unfinished`, Date.now() - ms, `${id} ${runIds[0]}`);
    await lab.raw.xadd(chatTopic(agent), "*", "id", newUuid(), "payload", "{}");
    await acceptedAgo(60_000);
    expect(await sweep()).toBe(1);
    expect(await sweep()).toBe(0);
    await acceptedAgo(5_000);
    expect(await sweep()).toBe(0);
  });

  it("[stranded.deleted] is found where its entry was deleted before anybody read it", async () => {
    const agent = "deleted";
    const bus = lab.openBus();
    await bus.conversations.accept(message(newUuid(), "one", { agent }));
    const queue = bus.queues.open({ topics: [chatTopic(agent)], group: WORKERS_GROUP });
    await until(async () => (await queue.read(10, 10)).length === 1);
    await bus.conversations.accept(message(newUuid(), "two", { agent }));
    const before = await lab.raw.xrange(chatTopic(agent), "-", "+");
    await lab.raw.xdel(chatTopic(agent), before.at(-1)?.[0] ?? "");
    // Both are owned by nobody; the first is pending to one who does not work on it.
    expect(await lab.openBus().runs.requeueStranded(agent, 0)).toBe(2);
    await queue.close();
  });

  it("does nothing while its entry may be unread, or was looked at a moment ago", async () => {
    const agent = "unread";
    const { id, runIds } = await stranded(agent);
    const member = `${id} ${runIds[0]}`;
    await lab.raw.zadd(`{control:${agent}}:unfinished`, Date.now() - 70_000, member);
    await lab.raw.del(chatTopic(agent));
    await lab.raw.xadd(chatTopic(agent), `${Date.now() - 65_000}-1`, "id", newUuid(), "payload", "{}");
    expect(await lab.openBus().runs.requeueStranded(agent, 60_000)).toBe(0);
    await lab.raw.del(chatTopic(agent));
    await lab.raw.zadd(`{control:${agent}}:unfinished`, Date.now(), member);
    expect(await lab.openBus().runs.requeueStranded(agent, 60_000)).toBe(0);
    await lab.raw.zadd(`{control:${agent}}:unfinished`, Date.now() - 70_000, `${id} ${runIds[0]}`);
    const both = await Promise.all([1, 2].map(() => lab.openBus().runs.requeueStranded(agent, 60_000)));
    expect(both.toSorted((a, b) => a - b)).toEqual([0, 1]);
  });

  it("forgets runs that have ended", async () => {
    const { bus, id, sweep } = await stranded("assistant");
    const lease = await claimed(bus, id);
    await lease.finish(COMPLETED);
    const index = "{control:assistant}:unfinished";
    await lab.raw.zadd(index, 1, `${id} ${lease.run.id}`);
    await sweep();
    expect(await lab.raw.zscore(index, `${id} ${lease.run.id}`)).toBeNull();
  });
});
