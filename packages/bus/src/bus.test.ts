import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import {
  chatTopic,
  type MessageEnvelope,
  newUuid,
  positionOfEventUuid,
  resultsTopic,
  type StreamEvent,
  streamTopic,
  type ToolOutput,
  type ToolResult,
} from "@holdfast/protocol";
import { startRedis, type TestRedis, until } from "@holdfast/testing";
import { Redis } from "ioredis";
import type { Bus } from "./ports/bus.ts";
import { Fenced } from "./ports/errors.ts";
import type { Accepted, NewMessage } from "./ports/conversations.ts";
import type { LogLine } from "./ports/entry.ts";
import type { RunEnding, RunLease } from "./ports/runs.ts";
import { createRedisBus } from "./redis-bus.ts";

const USAGE = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
const COMPLETED: RunEnding = {
  status: "completed",
  usage: USAGE,
  output: { text: "hi", finish_reason: "stop" },
  history: [],
};

let redis: TestRedis;
let raw: Redis;
const open: Bus[] = [];

function openBus(instance?: string): Bus {
  const bus = createRedisBus({ url: redis.url, ...(instance ? { instance } : {}) });
  open.push(bus);
  return bus;
}

function message(conversationId: string, content = "hello", more: Partial<NewMessage> = {}): NewMessage {
  const envelope: MessageEnvelope = {
    id: newUuid(),
    conversation_id: conversationId,
    sender: "user:ann",
    recipient: "agent:assistant",
    type: "message",
    content,
    metadata: {},
    created_at: new Date().toISOString(),
  };
  return { envelope, agent: "assistant", onBusy: "enqueue", trace: {}, ...more };
}

async function claimed(bus: Bus, conversationId: string): Promise<RunLease> {
  const claim = await bus.runs.claim(conversationId, "assistant");
  if (claim.outcome !== "claimed") throw new Error(`claim was ${claim.outcome}`);
  return claim.lease;
}

async function events(conversationId: string): Promise<StreamEvent[]> {
  const entries = await raw.xrange(streamTopic(conversationId), "-", "+");
  return entries.map(([, fields]) => JSON.parse(fields[3] ?? "") as StreamEvent);
}

const runIdOf = (accepted: Accepted): string => ("runId" in accepted ? accepted.runId : "");
const tokens = (count: number, lease: RunLease, from = 0): void => {
  for (let i = from; i < from + count; i += 1)
    lease.append({ event: "token", step: 0, index: i, offset: i, text: "x" });
};

beforeAll(async () => {
  redis = await startRedis();
  raw = new Redis(redis.url);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((bus) => bus.close()));
});
afterAll(async () => {
  raw.disconnect();
  await redis.stop();
});

describe("accept", () => {
  it("[accept.once] answers the same message again with the same run and queues one turn", async () => {
    const bus = openBus();
    const given = message(newUuid());
    const first = await bus.conversations.accept(given);
    const again = await bus.conversations.accept(given);
    expect(first.outcome).toBe("accepted");
    expect(again).toEqual({ outcome: "duplicate", runId: runIdOf(first), status: "queued" });
    const log = await events(given.envelope.conversation_id);
    expect(log.map((event) => event.event)).toEqual(["user_message", "run"]);
  });

  it("[accept.conflict] refuses the same id with another body", async () => {
    const bus = openBus();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    const other = { ...given, envelope: { ...given.envelope, content: "something else" } };
    expect(await bus.conversations.accept(other)).toEqual({ outcome: "conflict" });
  });

  it("[accept.published] puts the message in both chat topics and leaves no note in the outbox", async () => {
    const bus = openBus();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    for (const topic of [chatTopic(given.envelope.conversation_id), chatTopic("assistant")]) {
      const ids = (await raw.xrange(topic, "-", "+")).map(([, fields]) => fields[1]);
      expect(ids).toContain(given.envelope.id);
    }
    const notes = await Promise.all(Array.from({ length: 16 }, (_, shard) => raw.zcard(`outbox:${shard}`)));
    expect(notes.every((count) => count === 0)).toBe(true);
  });

  it("[outbox.sweep] queues an accepted turn whose queue entry was never written", async () => {
    const bus = openBus();
    const given = message(newUuid());
    const accepted = await bus.conversations.accept(given);
    await raw.del(chatTopic("assistant"));
    const shard = Number.parseInt(given.envelope.conversation_id.slice(0, 2), 16) % 16;
    await raw.zadd(`outbox:${shard}`, Date.now() - 60_000, `${given.envelope.conversation_id} ${runIdOf(accepted)}`);
    expect(await bus.sweepOutbox()).toBe(1);
    expect((await raw.xrange(chatTopic("assistant"), "-", "+"))[0]?.[1][1]).toBe(given.envelope.id);
    expect(await raw.zcard(`outbox:${shard}`)).toBe(0);
  });

  it("[on-busy.reject] refuses a message while a run is active", async () => {
    const bus = openBus();
    const id = newUuid();
    const first = await bus.conversations.accept(message(id));
    expect(await bus.conversations.accept(message(id, "more", { onBusy: "reject" }))).toEqual({
      outcome: "busy",
      runId: runIdOf(first),
    });
  });
});

describe("event log", () => {
  it("[log.ids] numbers events from 1 without a gap and derives their UUIDs from the number", async () => {
    const bus = openBus();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    const lease = await claimed(bus, given.envelope.conversation_id);
    tokens(3, lease);
    await lease.flush();
    const entries = await raw.xrange(streamTopic(given.envelope.conversation_id), "-", "+");
    expect(entries.map(([id]) => Number(id.split("-")[1]))).toEqual([1, 2, 3, 4, 5]);
    expect(entries[0]?.[1][1]).toBe(given.envelope.id);
    const [id = "", fields = []] = entries[4] ?? [];
    expect(positionOfEventUuid(fields[1] ?? "")).toEqual({ epoch: Number(id.split("-")[0]), seq: 5 });
    expect(await bus.eventLog.locate(given.envelope.conversation_id, fields[1] ?? "")).toBe(id);
    expect(await bus.eventLog.locate(given.envelope.conversation_id, given.envelope.id)).toBe(entries[0]?.[0]);
  });

  it("[log.live] delivers live exactly what it stores", async () => {
    const bus = openBus();
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

describe("lease", () => {
  it("[run.one-owner] lets one live worker own a conversation and takes over from a dead one with a higher attempt", async () => {
    const first = openBus();
    const second = openBus();
    const leave = await first.presence.join("worker", ["assistant"]);
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await first.conversations.accept(given);
    const lease = await claimed(first, id);
    expect(await second.runs.claim(id, "assistant")).toEqual({ outcome: "held" });
    tokens(2, lease);
    await lease.flush();
    await leave();
    const taken = await claimed(second, id);
    expect(taken.run).toMatchObject({ id: lease.run.id, attempt: 2, isTakeover: true });
    tokens(1, lease, 2);
    await expect(lease.flush()).rejects.toThrow(Fenced);
    expect(lease.signal.reason).toBeInstanceOf(Fenced);
    await expect(lease.finish(COMPLETED)).rejects.toThrow(Fenced);
    expect((await events(id)).filter((event) => event.event === "token")).toHaveLength(2);
  });

  it("[run.one-ending] writes output and terminal event together and nothing after them", async () => {
    const bus = openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    const accepted = await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    tokens(2, lease);
    await lease.finish(COMPLETED);
    const log = await events(id);
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

  it("keeps what was appended while Redis was away, in order and once", async () => {
    const own = await startRedis({ aof: true });
    const bus = createRedisBus({ url: own.url });
    try {
      const given = message(newUuid());
      await bus.conversations.accept(given);
      const lease = await claimed(bus, given.envelope.conversation_id);
      tokens(50, lease);
      await lease.flush();
      await own.kill("SIGKILL");
      tokens(50, lease, 50);
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
    const bus = openBus();
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
    const bus = openBus();
    const given = message(newUuid(), "hello", { agent: "poet" });
    await bus.conversations.accept(given);
    await raw.del(chatTopic("poet"));
    expect(await bus.runs.claim(given.envelope.conversation_id, "assistant")).toEqual({
      outcome: "handed_over",
      agent: "poet",
    });
    expect((await raw.xrange(chatTopic("poet"), "-", "+"))[0]?.[1][1]).toBe(given.envelope.id);
  });

  it("[takeover.journal] gives the next owner the steps and results that were finished", async () => {
    const bus = openBus();
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
});

describe("cancel", () => {
  it("[cancel.before-worker] ends a run that no worker has", async () => {
    const bus = openBus();
    const given = message(newUuid());
    const accepted = await bus.conversations.accept(given);
    expect(await bus.conversations.cancelRun(runIdOf(accepted), "user:ann")).toMatchObject({ outcome: "cancelled" });
    expect((await events(given.envelope.conversation_id)).at(-1)).toMatchObject({
      event: "run",
      status: "cancelled",
      attempt: 0,
    });
    expect(await bus.runs.claim(given.envelope.conversation_id, "assistant")).toEqual({ outcome: "idle" });
    expect(await bus.conversations.cancelRun(runIdOf(accepted), "user:ann")).toMatchObject({ outcome: "ended" });
  });

  it("[cancel.running] reaches the owner by flag even when the bell is lost", async () => {
    const bus = openBus();
    const given = message(newUuid());
    const accepted = await bus.conversations.accept(given);
    const lease = await claimed(bus, given.envelope.conversation_id);
    await bus.conversations.cancelRun(runIdOf(accepted), "user:ann");
    await until(() => lease.signal.aborted, { timeoutMs: 5_000 });
    expect(lease.signal.reason).toBe("cancelled");
    await lease.finish({ ...COMPLETED, status: "cancelled", output: { text: "h", finish_reason: "cancelled" } });
    expect((await events(given.envelope.conversation_id)).at(-1)).toMatchObject({ status: "cancelled" });
  });
});

describe("conversations", () => {
  it("lists newest first and pages without repeating", async () => {
    const bus = openBus();
    await raw.flushall();
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      const id = newUuid();
      ids.unshift(id);
      await bus.conversations.create({
        id,
        created_at: new Date(1_700_000_000_000 + Math.floor(i / 2)).toISOString(),
        metadata: { i },
      });
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { data: readonly { id: string }[]; nextCursor: string | null } = await bus.conversations.list({
        limit: 2,
        ...(cursor ? { cursor } : {}),
      });
      seen.push(...page.data.map((row) => row.id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(new Set(seen)).toEqual(new Set(ids));
    expect(seen).toHaveLength(5);
    expect(seen[0]).toBe(ids[0]);
  });

  it("[conversation.delete] leaves nothing but a tombstone, and the owner of its run can write no more", async () => {
    const bus = openBus();
    await raw.flushall();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    let ended = false;
    await bus.eventLog.follow(id, {
      onLines: () => undefined,
      onResubscribed: () => undefined,
      onDeleted: () => (ended = true),
    });
    expect(await bus.conversations.delete(id)).toBe("deleted");
    await until(() => ended);
    tokens(1, lease);
    await expect(lease.flush()).rejects.toThrow(Fenced);
    const keys = (await raw.keys("*")).filter((key) => key.includes(id) || key.startsWith("run:"));
    expect(keys).toEqual([`{stream:${id}}:deleted`]);
    expect(await bus.conversations.accept(message(id))).toEqual({ outcome: "deleted" });
    expect(await bus.conversations.find(id)).toEqual({ outcome: "deleted" });
  });

  it("[snapshot.instant] reads finished turns, the running one and those that wait", async () => {
    const bus = openBus();
    const id = newUuid();
    await bus.conversations.accept(message(id, "one"));
    await bus.conversations.accept(message(id, "two"));
    const lease = await claimed(bus, id);
    tokens(2, lease);
    await lease.flush();
    const snapshot = await bus.conversations.snapshot(id);
    if (snapshot.outcome !== "found") throw new Error(snapshot.outcome);
    expect(snapshot.value.messages.map((shown) => shown.content)).toEqual(["one", "two"]);
    expect(snapshot.value.activeRun).toMatchObject({ id: lease.run.id, status: "in_progress", attempt: 1, step: 0 });
    expect(snapshot.value.cursor).toMatch(/-6$/);
  });
});

describe("work queue", () => {
  it("[queue.bare-xadd] reads what was in the topic before the group existed", async () => {
    const bus = openBus();
    await raw.xadd(chatTopic("early"), "*", "id", "1", "payload", "{}", "colour", "blue");
    const queue = bus.queues.open({ topics: [chatTopic("early")], group: "workers" });
    let entries = await queue.read(10, 10);
    if (entries.length === 0) entries = await queue.read(10, 100);
    expect(entries).toMatchObject([{ id: "1", payload: "{}", reclaimed: false }]);
    await queue.ack(entries[0] as never);
    expect(await raw.xlen(chatTopic("early"))).toBe(0);
    await queue.close();
  });

  it("[queue.takeover] gives a dead consumer's entries to a living one and never a living one's", async () => {
    const dead = openBus();
    const living = openBus();
    const leave = await dead.presence.join("worker", []);
    await living.presence.join("worker", []);
    const topics = [chatTopic("mortal")];
    await raw.xadd(chatTopic("mortal"), "*", "id", "7", "payload", "{}");
    const first = dead.queues.open({ topics, group: "workers" });
    const second = living.queues.open({ topics, group: "workers" });
    await until(async () => (await first.read(1, 10)).length === 1);
    expect(await second.reclaim(10)).toEqual([]);
    await leave();
    await until(async () => (await second.reclaim(10)).some((entry) => entry.id === "7" && entry.reclaimed));
    await Promise.all([first.close(), second.close()]);
  });

  it("[dlq.entry] moves an entry to the dead letters with the reason, as it was received", async () => {
    const bus = openBus();
    const queue = bus.queues.open({ topics: [chatTopic("bad")], group: "workers" });
    await raw.xadd(chatTopic("bad"), "*", "payload", "not json");
    let entries = await queue.read(1, 10);
    while (entries.length === 0) entries = await queue.read(1, 50);
    const [entry] = entries;
    await queue.deadLetter(entry as never, { code: "invalid_entry", message: "no id" });
    const [[, fields] = ["", []]] = await raw.xrange("dlq:chat:bad", "-", "+");
    expect(fields).toEqual(
      expect.arrayContaining(["payload", "not json", "error", "invalid_entry: no id", "source_id", entry?.entryId]),
    );
    expect(await raw.xlen(chatTopic("bad"))).toBe(0);
    expect(await bus.queues.dlqSize(chatTopic("bad"))).toBe(1);
    await queue.close();
  });
});

describe("tool calls", () => {
  const result = (id: string, text = "ok"): ToolResult => ({
    event: "tool_result",
    id,
    tool_call_id: "c",
    status: "completed",
    content: [{ type: "text", text }],
    duration_ms: 1,
  });

  it("[tool.once] lets a call start once, and answers a finished one with its first result", async () => {
    const bus = openBus();
    const conversationId = newUuid();
    const id = bus.toolCalls.callId(newUuid(), 0, 0);
    const heard: (ToolOutput | ToolResult)[] = [];
    const stop = await bus.toolCalls.watch(conversationId, (answer) => void heard.push(answer));
    expect(await bus.toolJournal.start(conversationId, id)).toEqual({ state: "begun" });
    expect(await bus.toolJournal.start(conversationId, id)).toMatchObject({ state: "started" });
    await bus.toolJournal.finish(conversationId, id, result(id));
    await bus.toolJournal.finish(conversationId, id, result(id, "another"));
    expect(await bus.toolJournal.start(conversationId, id)).toEqual({ state: "done", result: result(id) });
    await until(() => heard.length === 2);
    expect(heard).toEqual([result(id), result(id)]);
    expect((await raw.xrange(resultsTopic(conversationId), "-", "+"))[0]?.[1][1]).not.toBe(id);
    stop();
  });

  it("[tool.give-up] lets either the worker give up or the runner start, never both", async () => {
    const bus = openBus();
    const conversationId = newUuid();
    const given = bus.toolCalls.callId(newUuid(), 0, 0);
    expect(await bus.toolCalls.giveUp(conversationId, given)).toEqual({ state: "cancelled" });
    expect(await bus.toolJournal.start(conversationId, given)).toEqual({ state: "cancelled" });
    const started = bus.toolCalls.callId(newUuid(), 0, 1);
    await bus.toolJournal.start(conversationId, started);
    expect(await bus.toolCalls.giveUp(conversationId, started)).toMatchObject({ state: "started" });
  });

  it("hears answers of several conversations, also those that begin while it waits", async () => {
    const bus = openBus();
    const ids = [newUuid(), newUuid(), newUuid()];
    const heard: string[] = [];
    for (const conversationId of ids) {
      await bus.toolCalls.watch(conversationId, (answer) => void heard.push(answer.id));
      const id = newUuid();
      await bus.toolJournal.start(conversationId, id);
      await bus.toolJournal.finish(conversationId, id, result(id));
      await until(() => heard.includes(id), { timeoutMs: 2_000 });
    }
  });
});

describe("control", () => {
  it("rings every listener that was there before", async () => {
    const bus = openBus();
    const heard: string[] = [];
    const stop = await bus.control.listen(
      ["assistant", "poet"],
      (agent, command) => void heard.push(`${agent} ${command.type}`),
    );
    await bus.control.send("poet", { type: "pause", by: "operator" });
    await until(() => heard.length === 1);
    expect(heard).toEqual(["poet pause"]);
    await stop();
  });

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
});
