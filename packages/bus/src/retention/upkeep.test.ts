import { describe, expect, it, jest } from "@jest/globals";
import { chatTopic, newUuid, streamTopic } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { approvalPointerKey, runPointerKey } from "../keys.ts";
import { park } from "../test-lab/parking.ts";
import { Commands } from "../connection/commands.ts";
import { appendTokens, busLab, claimed, COMPLETED, message, runIdOf } from "../test-lab/bus-lab.ts";

const lab = busLab();
const HOUR_MS = 3_600_000;
const STEP = { step: 0, text: "xxx", calls: [], usage: COMPLETED.usage, created_at: new Date().toISOString() };
const STEP_EVENT = {
  event: "step" as const,
  step: 0,
  text: "xxx",
  text_sha256: "",
  finish_reason: "tool_calls" as const,
};

/** A bus whose upkeep comes at once. */
const eager = (conversationTtlMs = HOUR_MS) =>
  lab.openBus(undefined, { retention: { compactGraceMs: 0, conversationTtlMs } });
const kinds = async (id: string) => (await lab.events(id)).map((event) => event.event);
const tokens = async (id: string) => (await kinds(id)).filter((kind) => kind === "token").length;
/** Every key that names the conversation or one of its runs. */
const keysOf = async (id: string, ...runIds: string[]) =>
  (await lab.raw.keys("*")).filter((key) => [id, ...runIds].some((part) => key.includes(part)));
/** A visit is due at the earliest in the next millisecond. */
async function swept(bus: ReturnType<typeof eager>, isDone: () => Promise<boolean>): Promise<void> {
  await until(async () => (await bus.sweepUpkeep(), isDone()), { timeoutMs: 20_000, intervalMs: 50 });
}

describe("compaction", () => {
  it("[retention.compact] deletes the tokens of a finished answer and nothing else, and is idempotent", async () => {
    const bus = eager();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    lease.append({ event: "run", status: "in_progress", message_id: given.envelope.id });
    appendTokens(1_300, lease);
    await lease.finish(COMPLETED);
    await swept(bus, async () => (await tokens(id)) === 0);
    expect(await kinds(id)).toEqual(["user_message", "run", "run", "output", "run"]);
    expect(await bus.eventLog.head(id)).toMatchObject({ seq: 1_305 });
    const before = await bus.eventLog.read(id, undefined, 100);
    await Promise.all([bus.sweepUpkeep(), eager().sweepUpkeep()]);
    expect(await bus.eventLog.read(id, undefined, 100)).toEqual(before);
  });

  it("[retention.full] makes room also in a Redis that is full, of every conversation that is due", async () => {
    const bus = eager();
    const ids = [newUuid(), newUuid(), newUuid()];
    for (const id of ids) {
      await bus.conversations.accept(message(id));
      const lease = await claimed(bus, id);
      appendTokens(50, lease);
      await lease.finish(COMPLETED);
    }
    await lab.raw.config("SET", "maxmemory", "1");
    try {
      const now = Date.now();
      await until(() => Date.now() > now + 1);
      expect(await bus.sweepUpkeep()).toBeGreaterThanOrEqual(ids.length);
      expect(await Promise.all(ids.map(tokens))).toEqual([0, 0, 0]);
    } finally {
      await lab.raw.config("SET", "maxmemory", "0");
    }
  });

  it("[retention.live] leaves tokens of an unfinished step alone, and takes those of a finished one while the run goes on", async () => {
    const bus = eager();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    appendTokens(3, lease);
    await lease.flush();
    await bus.sweepUpkeep();
    expect(await tokens(id)).toBe(3);
    lease.append(STEP_EVENT, { step: STEP });
    lease.append({ event: "token", step: 1, index: 0, offset: 0, text: "y" });
    await lease.flush();
    await swept(bus, async () => (await tokens(id)) === 1);
    appendTokens(2, lease);
    await lease.finish(COMPLETED);
    await swept(bus, async () => (await tokens(id)) === 0);
  });

  it("[retention.grace] keeps the tokens of a finished step for the grace", async () => {
    const bus = lab.openBus(undefined, { retention: { compactGraceMs: 1_500 } });
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    appendTokens(5, lease);
    await lease.finish(COMPLETED);
    await swept(bus, async () => (await tokens(id)) === 0);
    const ended = (await lab.events(id)).find((event) => event.event === "output");
    expect(Date.now() - Date.parse(ended?.created_at ?? "")).toBeGreaterThanOrEqual(1_500);
  });

  it("compacts an answer whose worker died right after its end", async () => {
    const bus = eager();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    appendTokens(5, lease);
    await lease.finish(COMPLETED);
    // As its claim left it.
    await lab.raw.persist(`{${streamTopic(id)}}:meta`);
    await swept(bus, async () => (await tokens(id)) === 0 && (await lab.raw.pttl(`{${streamTopic(id)}}:meta`)) > 0);
    expect(await lab.raw.pttl(chatTopic(id))).toBeGreaterThan(0);
  });
});

describe("expiry", () => {
  it("[retention.expire] removes every key of a conversation after its last activity, and its place in the list", async () => {
    const bus = eager(1_500);
    const id = newUuid();
    await bus.conversations.create({ id, created_at: new Date().toISOString(), metadata: {} });
    const runIds: string[] = [];
    for (const content of ["one", "two"]) {
      runIds.push(runIdOf(await bus.conversations.accept(message(id, content))));
      const lease = await claimed(bus, id);
      const callId = bus.toolCalls.callId(lease.run.id, 0, 0);
      await bus.toolJournal.start(id, callId);
      await bus.toolJournal.finish(id, callId, {
        event: "tool_result",
        id: callId,
        tool_call_id: "c",
        status: "completed",
        content: [],
        duration_ms: 1,
      });
      appendTokens(2, lease);
      await lease.finish(COMPLETED);
    }
    const withoutEnd = [];
    for (const key of await keysOf(id, ...runIds)) if ((await lab.raw.pttl(key)) === -1) withoutEnd.push(key);
    expect(withoutEnd).toEqual([]);
    await until(async () => (await bus.conversations.find(id)).outcome === "missing", { timeoutMs: 10_000 });
    expect((await bus.conversations.list({ limit: 100 })).data.map((row) => row.id)).not.toContain(id);
    await swept(bus, async () => (await keysOf(id, ...runIds)).length === 0);
    expect(await lab.raw.zscore("conversations", id)).toBeNull();
    expect(await upkeepOf(id)).toBeNull();
  });

  it("[retention.busy] never expires a conversation at work, and counts anew after every turn", async () => {
    const bus = eager(1_500);
    const id = newUuid();
    await bus.conversations.accept(message(id, "one"));
    await (await claimed(bus, id)).finish(COMPLETED);
    const [, second] = [
      await bus.conversations.accept(message(id, "two")),
      await bus.conversations.accept(message(id, "three")),
    ];
    const lease = await claimed(bus, id);
    const beganAtMs = Date.now();
    await until(
      async () => {
        await bus.sweepUpkeep();
        return Date.now() - beganAtMs > 3_500;
      },
      { timeoutMs: 10_000 },
    );
    expect((await bus.conversations.find(id)).outcome).toBe("found");
    expect((await lab.events(id)).filter((event) => event.event === "user_message")).toHaveLength(3);
    expect(await lab.raw.exists(chatTopic(id))).toBe(1);
    await lease.finish(COMPLETED);
    const left = await lab.raw.pttl(`{${streamTopic(id)}}:meta`);
    expect(left).toBe(-1);
    await bus.conversations.cancelRun(runIdOf(second), "user:ann");
    expect(await lab.raw.pttl(`{${streamTopic(id)}}:meta`)).toBeGreaterThan(0);
  });

  it("gives every run an end behind its conversation's, and the end of a turn costs the same however many there were", async () => {
    const bus = lab.openBus();
    const id = newUuid();
    const runs: string[] = [];
    const costs: number[] = [];
    const expiries = async (): Promise<number> =>
      Number(/cmdstat_pexpire:calls=(\d+)/.exec(await lab.raw.info("commandstats"))?.[1] ?? 0);
    for (let turn = 0; turn < 12; turn += 1) {
      runs.push(runIdOf(await bus.conversations.accept(message(id, `turn ${turn}`))));
      // One that ends in another way.
      if (turn === 5) await bus.conversations.cancelRun(runs.at(-1) ?? "", "user:ann");
      else {
        const lease = await claimed(bus, id);
        const before = await expiries();
        await lease.finish(COMPLETED);
        costs.push((await expiries()) - before);
      }
    }
    expect(costs.at(-1)).toBe(costs[1]);
    const ends = await lab.raw.pttl(`{${streamTopic(id)}}:meta`);
    for (const run of runs) expect(await lab.raw.pttl(`{${streamTopic(id)}}:run:${run}`)).toBeGreaterThan(ends);
  });

  it("[retention.pointers] keeps what points to runs and approvals as long as their conversation, however long they wait", async () => {
    const bus = eager();
    const id = newUuid();
    const asking = runIdOf(await bus.conversations.accept(message(id, "may you?")));
    const [approval = ""] = await park(bus, await claimed(bus, id));
    const behind = runIdOf(await bus.conversations.accept(message(id, "and then")));
    const nobodys = newUuid();
    const waiting = runIdOf(await bus.conversations.accept(message(nobodys, "is anybody there?")));
    const pointers = [...[asking, behind, waiting].map(runPointerKey), approvalPointerKey(approval)];
    for (const pointer of pointers) {
      expect(await lab.raw.pttl(pointer)).toBeGreaterThan(HOUR_MS);
      await lab.raw.pexpire(pointer, 2_000);
    }
    const shortest = async () => Math.min(...(await Promise.all(pointers.map((pointer) => lab.raw.pttl(pointer)))));
    await swept(bus, async () => (await shortest()) > 2_000);
    await bus.approvals.decide(approval, { decision: "reject", by: "user:ann" });
    const repeated = await bus.approvals.decide(approval, { decision: "reject", by: "user:ann" });
    expect(repeated.outcome).toBe("repeated");
  });

  it("[retention.pointers] lets an approval's pointer live as long as its conversation may", async () => {
    const ttlMs = 90 * 24 * 3_600_000;
    const bus = lab.openBus(undefined, { retention: { conversationTtlMs: ttlMs } });
    const id = newUuid();
    await bus.conversations.accept(message(id));
    const [approval = ""] = await park(bus, await claimed(bus, id));
    expect(await lab.raw.pttl(approvalPointerKey(approval))).toBeGreaterThan(ttlMs);
  });

  it.each(["created", "written to", "created after it was found gone"])(
    "keeps a conversation %s under the id of one that expired, while what is left of that is removed",
    async (how) => {
      const bus = eager();
      const id = newUuid();
      const create = () => bus.conversations.create({ id, created_at: new Date().toISOString(), metadata: {} });
      const comes = async () => (how === "written to" ? bus.conversations.accept(message(id)) : create());
      const awaited: string = how === "created after it was found gone" ? "create" : "rest";
      const { script } = Commands.prototype;
      let asked = 0;
      const spy = jest.spyOn(Commands.prototype, "script").mockImplementation(async function (this: Commands, ...call) {
        const isAwaited = call[0].startsWith(`${awaited}-`) && call[1].some((key) => key.includes(id));
        asked += isAwaited ? 1 : 0;
        if (!isAwaited || asked !== 1) return script.apply(this, call);
        if (awaited === "create") await visit();
        const reply = await script.apply(this, call);
        if (awaited === "rest") await comes();
        return reply;
      });
      const visit = async () => {
        await lab.raw.zadd(`upkeep:${Number.parseInt(id.slice(0, 2), 16) % 16}`, 0, id);
        await bus.sweepUpkeep();
      };
      try {
        await (awaited === "create" ? create() : visit());
      } finally {
        spy.mockRestore();
      }
      expect(await lab.raw.zscore("conversations", id)).not.toBeNull();
      expect(await lab.raw.pttl(chatTopic(id))).toBe(how === "written to" ? -1 : -2);
    },
  );

  it("forgets a deleted conversation", async () => {
    const bus = eager();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    await (await claimed(bus, id)).finish(COMPLETED);
    await bus.conversations.delete(id);
    expect(await upkeepOf(id)).toBeNull();
  });
});

const upkeepOf = (id: string) => lab.raw.zscore(`upkeep:${Number.parseInt(id.slice(0, 2), 16) % 16}`, id);
