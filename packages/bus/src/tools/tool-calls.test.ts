import { describe, expect, it } from "@jest/globals";
import { newUuid, type ResultsPayload, resultsTopic, type ToolResult } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { busLab, REDIS_KINDS } from "../test-lab/bus-lab.ts";

describe.each(REDIS_KINDS)("tool calls on %s", (kind) => {
  const lab = busLab(kind);

  const result = (id: string, text = "ok"): ToolResult => ({
    event: "tool_result",
    id,
    tool_call_id: "c",
    status: "completed",
    content: [{ type: "text", text }],
    duration_ms: 1,
  });

  const leftOf = async (conversationId: string): Promise<string[]> =>
    (await lab.keys()).filter((key) => key.includes(resultsTopic(conversationId)));

  it("[tool.once] lets a call start once, and answers a finished one with its first result", async () => {
    const bus = lab.openBus();
    const conversationId = newUuid();
    const id = bus.toolCalls.callId(newUuid(), 0, 0);
    const heard: ResultsPayload[] = [];
    const stop = await bus.toolCalls.watch(conversationId, (answer) => void heard.push(answer));
    expect(await bus.toolJournal.start(conversationId, id)).toEqual({ state: "begun" });
    expect(await bus.toolJournal.start(conversationId, id)).toMatchObject({ state: "started" });
    await bus.toolJournal.finish(conversationId, id, result(id));
    await bus.toolJournal.finish(conversationId, id, result(id, "another"));
    expect(await bus.toolJournal.start(conversationId, id)).toEqual({ state: "done", result: result(id) });
    await until(() => heard.length === 2);
    expect(heard).toEqual([result(id), result(id)]);
    expect((await lab.raw.xrange(resultsTopic(conversationId), "-", "+"))[0]?.[1][1]).not.toBe(id);
    stop();
  });

  it("[tool.output-once] hears a piece of live output once whose entry stands in its topic twice", async () => {
    const bus = lab.openBus();
    const conversationId = newUuid();
    const id = bus.toolCalls.callId(newUuid(), 0, 0);
    const heard: string[] = [];
    const stop = await bus.toolCalls.watch(conversationId, (answer) => {
      if (answer.event === "tool_output") heard.push(answer.text);
    });
    const say = (text: string, entry: string) => {
      const piece = { event: "tool_output", id, tool_call_id: "c", stream: "stdout", text };
      return lab.raw.xadd(resultsTopic(conversationId), "*", "id", entry, "payload", JSON.stringify(piece));
    };
    const [one, two] = [newUuid(), newUuid()];
    for (const entry of [one, two, one, two]) await say(entry === one ? "one" : "two", entry);
    // Of somebody who names only the call: each counts.
    for (const text of [".", "."]) await say(text, id);
    await say("end", newUuid());
    await until(() => heard.includes("end"));
    expect(heard).toEqual(["one", "two", ".", ".", "end"]);
    stop();
  });

  it("[tool.give-up] lets either the worker give up or the runner start, never both", async () => {
    const bus = lab.openBus();
    const conversationId = newUuid();
    const given = bus.toolCalls.callId(newUuid(), 0, 0);
    expect(await bus.toolCalls.giveUp(conversationId, given)).toEqual({ state: "cancelled" });
    expect(await bus.toolJournal.start(conversationId, given)).toEqual({ state: "cancelled" });
    const started = bus.toolCalls.callId(newUuid(), 0, 1);
    await bus.toolJournal.start(conversationId, started);
    expect(await bus.toolCalls.giveUp(conversationId, started)).toMatchObject({ state: "started" });
  });

  it("hears answers of several conversations, also those that begin while it waits", async () => {
    const bus = lab.openBus();
    const ids = [newUuid(), newUuid(), newUuid()];
    const heard: string[] = [];
    for (const conversationId of ids) {
      await bus.toolCalls.watch(conversationId, (answer) => void heard.push(answer.id));
      const id = newUuid();
      await bus.toolJournal.start(conversationId, id);
      await bus.toolJournal.finish(conversationId, id, result(id));
      await until(() => heard.includes(id), { timeoutMs: 2_000 });
    }
    expect(heard).toHaveLength(ids.length);
  });

  it("[tool.deleted] begins no call of a conversation that was deleted", async () => {
    const bus = lab.openBus();
    const conversationId = newUuid();
    await bus.conversations.create({ id: conversationId, created_at: new Date().toISOString(), metadata: {} });
    await bus.conversations.delete(conversationId);
    expect(await bus.toolJournal.start(conversationId, newUuid())).toEqual({ state: "cancelled" });
    expect(await leftOf(conversationId)).toEqual([]);
  });

  it("[tool.deleted-during] leaves nothing of a call that goes on while its conversation is deleted", async () => {
    const bus = lab.openBus();
    const conversationId = newUuid();
    await bus.conversations.create({ id: conversationId, created_at: new Date().toISOString(), metadata: {} });
    const id = bus.toolCalls.callId(newUuid(), 0, 0);
    const piece = { event: "tool_output" as const, id, tool_call_id: "c", stream: "stdout" as const, text: "line" };
    await bus.toolJournal.start(conversationId, id);
    await bus.toolJournal.output(conversationId, piece);
    expect(await lab.raw.pttl(resultsTopic(conversationId))).toBeGreaterThan(0);
    await bus.conversations.delete(conversationId);
    await bus.toolJournal.output(conversationId, piece);
    expect(await leftOf(conversationId)).toEqual([]);
    await bus.toolJournal.finish(conversationId, id, result(id));
    expect(await leftOf(conversationId)).toEqual([]);
    await bus.toolCalls.giveUp(conversationId, newUuid());
    expect(await leftOf(conversationId)).toEqual([]);
  });
});

describe("the catalog", () => {
  const lab = busLab();

  it("[catalog.starting] keeps what one runner has ready, whatever becomes of the same toolset at another", async () => {
    const [one, other] = [lab.openBus().catalog, lab.openBus().catalog];
    const offerOf = (state: string, description = "") => {
      const tool = {
        name: "shared__do",
        own_name: "do",
        description,
        input_schema: {},
        timeout_ms: 1,
        definition_sha256: "",
      };
      return { toolset: "shared", state, tools: state === "ready" ? [tool] : [] };
    };
    const offered = async () => {
      const found = (await one.read()).find(({ toolset }) => toolset === "shared");
      return found && `${found.state} ${found.tools.map(({ description }) => description).join("")}`.trim();
    };
    await other.publish([offerOf("starting")], 60_000);
    expect(await offered()).toBe("starting");
    await one.publish([offerOf("ready", "old")], 60_000);
    for (const state of ["starting", "backoff", "failed", "disabled", "no such state"]) {
      await other.publish([offerOf(state)], 60_000);
      expect(await offered()).toBe("ready old");
    }
    await until(async () => {
      await other.publish([offerOf("ready", "new")], 60_000);
      await one.publish([offerOf("ready", "old")], 200);
      return (await offered()) === "ready new";
    });
    await other.publish([offerOf("failed")], 60_000);
    await until(async () => (await offered()) === "failed");
    await other.publish([offerOf("failed")], 100);
    await until(async () => (await offered()) === undefined);
    // Redis counts in milliseconds of its own: an offer is over a moment before its key is.
    await until(async () => (await lab.raw.exists("offers:shared")) === 0);
  });

  it("[catalog.full] offers its tools again also where Redis is full", async () => {
    const { catalog } = lab.openBus();
    const toolset = { toolset: newUuid(), state: "ready" as const, tools: [] };
    await catalog.publish([toolset], 1_500);
    await lab.raw.config("SET", "maxmemory", "1");
    try {
      await catalog.publish([toolset], 60_000);
    } finally {
      await lab.raw.config("SET", "maxmemory", "0");
    }
    expect(await lab.raw.pttl(`offers:${toolset.toolset}`)).toBeGreaterThan(1_500);
    expect(await catalog.read()).toContainEqual(toolset);
  });
});
