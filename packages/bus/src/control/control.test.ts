import { describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { startRedis, until } from "@holdfast/testing";
import { Redis } from "ioredis";
import { metaKey } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import { createRedisBus } from "../redis-bus.ts";
import { busLab, claimed, COMPLETED, message } from "../test-lab/bus-lab.ts";

const lab = busLab();

describe("control", () => {
  it("rings every listener that was there before", async () => {
    const bus = lab.openBus();
    const heard: string[] = [];
    const listener = await bus.control.listen(
      ["assistant", "poet"],
      (agent, command) => void heard.push(`${agent} ${command.type}`),
    );
    await bus.control.send("poet", { type: "pause", by: "operator" });
    await until(() => heard.length === 1);
    expect(heard).toEqual(["poet pause"]);
    await listener.stop();
  });

  it("[control.durable] keeps an agent's state, whoever comes or goes", async () => {
    const bus = lab.openBus();
    expect(await bus.control.state("assistant")).toBe("running");
    await bus.control.send("assistant", { type: "pause", by: "operator" });
    expect(await lab.openBus().control.state("assistant")).toBe("paused");
    await bus.control.send("assistant", { type: "cancel", run_id: newUuid(), by: "operator" });
    expect(await bus.control.state("assistant")).toBe("paused");
    await bus.control.send("assistant", { type: "resume", by: "operator" });
    expect(await bus.control.state("assistant")).toBe("running");
  });

  it("[control.bare] takes a command that was put into the topic by hand, whoever was there, and the newest wins", async () => {
    const bus = lab.openBus();
    await lab.raw.flushall();
    const topic = "control:assistant";
    const give = (payload: string) => lab.raw.xadd(topic, "*", "id", newUuid(), "payload", payload);
    await give('{"type":"pause","by":"user:ops"}');
    expect(await bus.control.state("assistant")).toBe("paused");
    await bus.control.send("assistant", { type: "resume", by: "operator" });
    for (const nonsense of ["{", "7", "null", '{"type":"pause"}', '{"type":"explode","by":"x"}']) await give(nonsense);
    await give('{"type":"reload","by":"user:ops"}');
    expect(await lab.openBus().control.state("assistant")).toBe("running");
    await give('{"type":"drain","by":"user:ops"}');
    expect(await bus.control.state("assistant")).toBe("draining");
    expect(await lab.raw.hmget(`{${topic}}:state`, "command", "by")).toEqual(["drain", "user:ops"]);
  });

  it("tells of a cancel that was put in by hand until it is obeyed, and of no other", async () => {
    const [bus, other] = [lab.openBus(), lab.openBus()];
    await lab.raw.flushall();
    const [runId, later] = [newUuid(), newUuid()];
    const give = (command: object) =>
      lab.raw.xadd(
        "control:assistant",
        "*",
        "id",
        newUuid(),
        "payload",
        JSON.stringify({ by: "user:ops", ...command }),
      );
    for (const more of [{ flagged: true }, { tool_call_id: "a" }, {}])
      await give({ type: "cancel", run_id: runId, ...more });
    await lab.raw.xadd("control:assistant", "*", "payload", "{");
    const told: string[] = [];
    const tell = async (id: string, by: string) => void told.push(`${id} ${by}`);
    const refuse = () => Promise.reject(new Error("not now"));
    await expect(bus.control.obeyCancels("assistant", refuse)).rejects.toThrow("not now");
    await other.control.obeyCancels("assistant", tell);
    await give({ type: "cancel", run_id: later });
    for (const each of [bus, other]) await each.control.obeyCancels("assistant", tell);
    expect(told).toEqual([`${runId} user:ops`, `${later} user:ops`]);
  });

  it("[control.reload-event] tells of a reload once, beside the command in force", async () => {
    const bus = lab.openBus();
    await lab.raw.flushall();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    await bus.control.send("assistant", { type: "pause", by: "operator" });
    for (const entryId of ["7-1", "7-1", "7-2", "6-9"])
      await lab.openBus().control.announce("assistant", { entryId, by: "user:ops" });
    await bus.control.announce("assistant");
    const told = (await lab.events(given.envelope.conversation_id)).filter((event) => event.event === "control");
    const reload = { command: "reload", by: "user:ops", state: "paused" };
    expect(told).toMatchObject([reload, reload, { command: "pause", by: "operator", state: "paused" }]);
  });

  it("[control.event] tells each conversation with an unfinished run once that a command took effect", async () => {
    const bus = lab.openBus();
    const [open, ended] = [message(newUuid()), message(newUuid())];
    for (const given of [open, ended, message(open.envelope.conversation_id, "more")])
      await bus.conversations.accept(given);
    await (await claimed(bus, ended.envelope.conversation_id)).finish(COMPLETED);
    await bus.control.send("assistant", { type: "pause", by: "operator" });
    await Promise.all([bus.control.announce("assistant"), lab.openBus().control.announce("assistant")]);
    await bus.control.announce("assistant");
    const told = (await lab.events(open.envelope.conversation_id)).filter((event) => event.event === "control");
    expect(told).toMatchObject([{ command: "pause", by: "operator", state: "paused", agent: "assistant" }]);
    expect((await lab.events(ended.envelope.conversation_id)).filter((event) => event.event === "control")).toEqual([]);
  });

  it("[control.event-crash] tells the rest where the one that told died in the middle, and nobody twice", async () => {
    const [bus, other] = [lab.openBus(), lab.openBus()];
    await lab.raw.flushall();
    const talks = Array.from({ length: 4 }, () => message(newUuid()));
    for (const given of talks) await bus.conversations.accept(given);
    const ids = talks.map(({ envelope }) => envelope.conversation_id);
    const told = async (id: string) =>
      (await lab.events(id)).filter((event) => event.event === "control").map((event) => event.command);
    for (const command of ["pause", "reload"] as const) {
      const reload = command === "reload" ? { entryId: "9999999999999-0", by: "user:ops" } : undefined;
      if (!reload) await bus.control.send("assistant", { type: command, by: "user:ops" });
      // The third of the four cannot be written to: whoever tells ends there.
      const broken = metaKey(ids[2] ?? "");
      await lab.raw.rename(broken, "aside");
      await lab.raw.set(broken, "no hash");
      await expect(bus.control.announce("assistant", reload)).rejects.toThrow("WRONGTYPE");
      await lab.raw.rename("aside", broken);
      await until(
        async () => {
          await other.control.announce("assistant");
          return (await Promise.all(ids.map(told))).every((events) => events.includes(command));
        },
        { timeoutMs: 10_000 },
      );
    }
    await bus.control.announce("assistant");
    expect(await Promise.all(ids.map(told))).toEqual(ids.map(() => ["pause", "reload"]));
  }, 30_000);

  it("says within the request timeout that Redis is away", async () => {
    const own = await startRedis();
    const bus = createRedisBus({ url: own.url, requestTimeoutMs: 300 });
    try {
      await bus.check();
      await own.kill("SIGKILL");
      await expect(bus.check()).rejects.toMatchObject({ name: "BusUnavailable" });
      await expect(bus.conversations.find(newUuid())).rejects.toMatchObject({ name: "BusUnavailable" });
    } finally {
      await bus.close();
      await own.stop();
    }
  });

  it("[presence.full] takes nobody for dead while Redis is full, nor when that ends", async () => {
    expect(await falseAlarmsIn("maxmemory")).toBe(0);
  }, 30_000);

  it("[presence.refused] takes nobody for dead while Redis refuses every write, nor when that ends", async () => {
    expect(await falseAlarmsIn("min-replicas-to-write")).toBe(0);
  }, 30_000);

  it("[presence.rest] takes nobody for dead right after Redis was away, and the dead for dead soon after", async () => {
    const own = await startRedis({ aof: true });
    const [watcher, watched] = [createRedisBus({ url: own.url }), createRedisBus({ url: own.url })];
    try {
      await watched.presence.join("worker", []);
      expect(await watcher.presence.isAlive(watched.instance)).toBe(true);
      expect(await watcher.presence.isAlive("never-there")).toBe(false);
      await own.kill("SIGKILL");
      await own.restart();
      await until(() => watcher.presence.isAlive(watched.instance), { timeoutMs: 5_000 });
      expect(await watcher.presence.isAlive("never-there")).toBe(true);
      await until(async () => !(await watcher.presence.isAlive("never-there")), { timeoutMs: 8_000 });
      expect(await watcher.presence.isAlive(watched.instance)).toBe(true);
    } finally {
      await Promise.all([watcher.close(), watched.close()]);
      await own.stop();
    }
  });

  it("[presence.rest-newcomer] takes nobody for dead who comes back later to a Redis that was away than one who starts", async () => {
    const own = await startRedis({ aof: true });
    const newcomers: Bus[] = [];
    const startAnew = (): Bus => newcomers[newcomers.push(createRedisBus({ url: own.url })) - 1] as Bus;
    try {
      // Nobody was here before its data began: whoever starts then has nobody to wait for.
      expect(await startAnew().presence.isAlive("never-there")).toBe(false);
      await own.kill("SIGKILL");
      await own.restart();
      const newcomer = startAnew();
      expect(await newcomer.presence.isAlive("not-back-yet")).toBe(true);
      expect(await startAnew().presence.isAlive("not-back-yet")).toBe(true);
      await until(async () => !(await newcomer.presence.isAlive("not-back-yet")), { timeoutMs: 8_000 });
      expect(await startAnew().presence.isAlive("not-back-yet")).toBe(false);
    } finally {
      await Promise.all(newcomers.map((bus) => bus.close()));
      await own.stop();
    }
  });
});

/** `setting` makes Redis refuse writes for longer than a beat lives. Answers how often a living process was taken for dead. */
async function falseAlarmsIn(setting: "maxmemory" | "min-replicas-to-write"): Promise<number> {
  const own = await startRedis();
  const raw = new Redis(own.url);
  const [watcher, watched] = [createRedisBus({ url: own.url }), createRedisBus({ url: own.url })];
  try {
    await watched.presence.join("worker", []);
    await until(() => watcher.presence.isAlive(watched.instance));
    await raw.config("SET", setting, "1");
    const beganAtMs = performance.now();
    let falseAlarms = 0;
    const sample = async (untilMs: number) => {
      while (performance.now() - beganAtMs < untilMs)
        if (!(await watcher.presence.isAlive(watched.instance))) falseAlarms += 1;
    };
    await sample(4_000);
    await raw.config("SET", setting, "0");
    await sample(6_000);
    await until(async () => !(await watcher.presence.isAlive("never-there")), { timeoutMs: 8_000 });
    return falseAlarms;
  } finally {
    raw.disconnect();
    await Promise.all([watcher.close(), watched.close()]);
    await own.stop();
  }
}
