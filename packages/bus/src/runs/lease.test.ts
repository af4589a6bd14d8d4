import { describe, expect, it, jest } from "@jest/globals";
import { chatTopic, newUuid } from "@holdfast/protocol";
import { startRedis, until } from "@holdfast/testing";
import { Commands } from "../connection/commands.ts";
import { metaKey, upkeepKey } from "../keys.ts";
import { Fenced } from "../ports/errors.ts";
import { createRedisBus } from "../redis-bus.ts";
import { appendTokens, busLab, claimed, COMPLETED, message, runIdOf, USAGE, REDIS_KINDS } from "../test-lab/bus-lab.ts";

describe.each(REDIS_KINDS)("lease on %s", (kind) => {
  const lab = busLab(kind);

  it("[run.one-owner] lets one live worker own a conversation and takes over from a dead one with a higher attempt", async () => {
    const first = lab.openBus();
    const second = lab.openBus();
    const leave = await first.presence.join("worker", ["assistant"]);
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await first.conversations.accept(given);
    const lease = await claimed(first, id);
    expect(await second.runs.claim(id, "assistant")).toMatchObject({ outcome: "held" });
    appendTokens(2, lease);
    await lease.flush();
    await leave();
    const taken = await claimed(second, id);
    expect(taken.run).toMatchObject({ id: lease.run.id, attempt: 2, isTakeover: true });
    appendTokens(1, lease, 2);
    await expect(lease.flush()).rejects.toThrow(Fenced);
    expect(lease.signal.reason).toBeInstanceOf(Fenced);
    await expect(lease.finish(COMPLETED)).rejects.toThrow(Fenced);
    expect((await lab.events(id)).filter((event) => event.event === "token")).toHaveLength(2);
  });

  it("[run.one-ending] writes output and terminal event together and nothing after them", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    const accepted = await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    appendTokens(2, lease);
    await lease.finish(COMPLETED);
    const log = await lab.events(id);
    expect(log.slice(-2)).toMatchObject([
      { event: "output", text: "hi", text_length: 2, finish_reason: "stop", usage: USAGE, attempt: 1 },
      { event: "run", status: "completed" },
    ]);
    expect(await bus.conversations.findRun(runIdOf(accepted))).toMatchObject({
      status: "completed",
      usage: USAGE,
      attempt: 1,
    });
    expect(await bus.runs.claim(id, "assistant")).toEqual({ outcome: "idle" });
  });

  it("appends what grew until its write left, before whatever follows it", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    let said = "";
    const say = (): void => lease.append({ event: "token", step: 0, index: 0, offset: 0, text: said });
    lease.appendLater(say);
    for (const letter of "grown") said += letter;
    await lease.flush();
    said = "before";
    lease.appendLater(say);
    lease.supersede(0, "model_retry");
    expect(await lease.finish(COMPLETED)).toBe("last");
    const log = (await lab.events(id)).slice(2, 5);
    expect(log).toMatchObject([
      { text: "grown", attempt: 1 },
      { text: "before", attempt: 1 },
      { event: "attempt", attempt: 2 },
    ]);
  });

  it("writes once for what grew between two ticks", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    const lease = await claimed(bus, given.envelope.conversation_id);
    const script = jest.spyOn(Commands.prototype, "script");
    try {
      for (const index of [0, 1, 2]) {
        lease.appendLater(() => lease.append({ event: "token", step: 0, index, offset: index, text: "x" }));
        await until(async () => (await lab.events(given.envelope.conversation_id)).length === 3 + index);
      }
      await lease.flush();
      expect(script.mock.calls.filter(([name]) => name.startsWith("append-"))).toHaveLength(3);
    } finally {
      script.mockRestore();
    }
  });

  it("begins a step in one call with what was to be appended before it", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    const script = jest.spyOn(Commands.prototype, "script");
    appendTokens(2, lease);
    lease.record({ workedMs: 7 });
    await lease.beginStep(0);
    await lease.flush();
    const calls = script.mock.calls.map(([name]) => name);
    script.mockRestore();
    expect(calls).toEqual(["begin-step-4"]);
    expect((await lab.events(id)).filter(({ event }) => event === "token")).toHaveLength(2);
    appendTokens(1, lease, 2);
    await lease.release();
    expect((await claimed(bus, id)).run.workedMs).toBe(7);
    expect((await lab.events(id)).filter(({ event }) => event === "token")).toHaveLength(3);
  });

  it("says at a run's end whether another turn waits", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    await bus.conversations.accept(message(id, "and then"));
    expect(await lease.finish(COMPLETED)).toBe("more");
    expect(await (await claimed(bus, id)).finish(COMPLETED)).toBe("last");
  });

  it("keeps what was appended while Redis was away, in order and once", async () => {
    const own = await startRedis({ aof: true });
    const bus = createRedisBus({ url: own.url });
    try {
      const given = message(newUuid());
      await bus.conversations.accept(given);
      const lease = await claimed(bus, given.envelope.conversation_id);
      appendTokens(50, lease);
      await lease.flush();
      await own.kill("SIGKILL");
      appendTokens(50, lease, 50);
      await own.restart();
      await lease.flush();
      const log = await bus.eventLog.read(given.envelope.conversation_id, undefined, 1_000);
      const indexes = log
        .map((line) => JSON.parse(line.payload) as { event: string; index: number })
        .filter((event) => event.event === "token");
      expect(indexes.map((event) => event.index)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    } finally {
      await bus.close();
      await own.stop();
    }
  });

  it("[turns.in-order] hands out the turns of a conversation one at a time in the order they were accepted", async () => {
    const bus = lab.openBus();
    const id = newUuid();
    const first = message(id, "one");
    const second = message(id, "two");
    await bus.conversations.accept(first);
    await bus.conversations.accept(second);
    const lease = await claimed(bus, id);
    expect(lease.run.messageId).toBe(first.envelope.id);
    await lease.finish({
      ...COMPLETED,
      history: [
        {
          shown: { id: first.envelope.id, role: "user", content: "one", created_at: first.envelope.created_at },
          model: { role: "user", content: "one" },
        },
      ],
    });
    const next = await claimed(bus, id);
    expect(next.run.messageId).toBe(second.envelope.id);
    expect((await next.history()).map((entry) => entry.model)).toEqual([{ role: "user", content: "one" }]);
  });

  it("hands a turn for another agent over to that agent's queue", async () => {
    const bus = lab.openBus();
    const given = message(newUuid(), "hello", { agent: "poet" });
    await bus.conversations.accept(given);
    await lab.raw.del(chatTopic("poet"));
    expect(await bus.runs.claim(given.envelope.conversation_id, "assistant")).toEqual({
      outcome: "handed_over",
      agent: "poet",
    });
    expect((await lab.raw.xrange(chatTopic("poet"), "-", "+"))[0]?.[1][1]).toBe(given.envelope.id);
  });

  it("[takeover.journal] gives the next owner the steps and results that were finished", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    const lease = await claimed(bus, given.envelope.conversation_id);
    const step = {
      step: 0,
      text: "let me look",
      calls: [{ id: "call_1", name: "terminal__run", arguments: '{"argv":["ls"]}' }],
      usage: USAGE,
      created_at: new Date().toISOString(),
    };
    const result = {
      tool_call_id: "call_1",
      status: "completed",
      text: "a.txt",
      shown: "a.txt",
      created_at: new Date().toISOString(),
    };
    lease.append(
      { event: "step", step: 0, text: "let me look", text_sha256: "", finish_reason: "tool_calls" },
      { step },
    );
    lease.append(
      { event: "tool_step", step: 0, tool_call_id: "call_1", name: "terminal__run", args: {}, status: "completed" },
      { result, started: "call_1" },
    );
    await lease.release();
    const { run } = await claimed(bus, given.envelope.conversation_id);
    expect(run.journal.steps).toEqual([step]);
    expect(run.journal.results.get("call_1")).toEqual(result);
    expect(run.journal.started.has("call_1")).toBe(true);
  });

  it("[run.claim-again] takes up again a run that is ours by name while no lease of ours holds it", async () => {
    const bus = lab.openBus("me");
    const leave = await bus.presence.join("worker", []);
    const given = message(newUuid());
    await bus.conversations.accept(given);
    // The same process in an earlier life of its claim: the script ran, the reply never came.
    const forgetful = lab.openBus("me");
    const lost = await claimed(forgetful, given.envelope.conversation_id);
    const taken = await claimed(bus, given.envelope.conversation_id);
    expect(taken.run).toMatchObject({ id: lost.run.id, attempt: 2 });
    expect(await bus.runs.claim(given.envelope.conversation_id, "assistant")).toMatchObject({ outcome: "held" });
    await leave();
  });

  it("[run.claim-ends] does not say that a claim failed while it is still under way", async () => {
    const [gone, bus] = [lab.openBus(), lab.openBus()];
    const leave = await gone.presence.join("worker", []);
    const id = newUuid();
    await gone.conversations.accept(message(id));
    const { run } = await claimed(gone, id);
    await leave();
    // The visit of the upkeep cannot be booked, which is found out before the owner is known to be dead.
    await lab.raw.rename(upkeepKey(id), `{${upkeepKey(id)}}:aside`);
    await lab.raw.set(upkeepKey(id), "no set");
    await expect(bus.runs.claim(id, "assistant")).rejects.toThrow("WRONGTYPE");
    expect(await lab.raw.hget(metaKey(id), "owner")).toBe(bus.instance);
    await lab.raw.rename(`{${upkeepKey(id)}}:aside`, upkeepKey(id));
    expect((await claimed(bus, id)).run.id).toBe(run.id);
  });
});
