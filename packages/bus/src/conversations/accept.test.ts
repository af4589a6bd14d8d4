import { describe, expect, it, jest } from "@jest/globals";
import { chatTopic, newUuid } from "@holdfast/protocol";
import { Commands } from "../connection/commands.ts";
import { runIdOf as runIdFor } from "../ids.ts";
import { metaKey } from "../keys.ts";
import { BusUnavailable } from "../ports/errors.ts";
import { Outbox } from "./outbox.ts";
import type { NewMessage } from "../ports/conversations.ts";
import { busLab, claimed, COMPLETED, message, runIdOf, REDIS_KINDS } from "../test-lab/bus-lab.ts";

describe.each(REDIS_KINDS)("accept on %s", (kind) => {
  const lab = busLab(kind);
  const outboxOf = (id: string): string => `outbox:${Number.parseInt(id.slice(0, 2), 16) % 16}`;
  const leaveNote = (id: string, note: string) => lab.raw.zadd(outboxOf(id), Date.now() - 60_000, note);
  const noteScore = (id: string, note: string) => lab.raw.zscore(outboxOf(id), note);
  const runIdFrom = ({ conversation_id, id }: NewMessage["envelope"]): string => runIdFor(conversation_id, id);

  it("[accept.once] answers the same message again with the same run and queues one turn", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const first = await bus.conversations.accept(given);
    const again = await bus.conversations.accept(given);
    expect(first.outcome).toBe("accepted");
    expect(again).toEqual({ outcome: "duplicate", runId: runIdOf(first), status: "queued" });
    const log = await lab.events(given.envelope.conversation_id);
    expect(log.map((event) => event.event)).toEqual(["user_message", "run"]);
  });

  it("[accept.note-first] accepts nothing before its note stands in the outbox", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const { conversation_id: id } = given.envelope;
    const refused = jest.spyOn(Outbox.prototype, "put").mockRejectedValueOnce(new BusUnavailable("OOM"));
    await expect(bus.conversations.accept(given)).rejects.toThrow("OOM");
    refused.mockRestore();
    expect(await lab.raw.exists(metaKey(id))).toBe(0);
    expect((await bus.conversations.accept(given)).outcome).toBe("accepted");
  });

  it("[accept.conflict] refuses the same id with another body", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    const other = { ...given, envelope: { ...given.envelope, content: "something else" } };
    expect(await bus.conversations.accept(other)).toEqual({ outcome: "conflict" });
  });

  it("[accept.published] puts the message in both chat topics and leaves no note in the outbox", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    for (const topic of [chatTopic(given.envelope.conversation_id), chatTopic("assistant")]) {
      const ids = (await lab.raw.xrange(topic, "-", "+")).map(([, fields]) => fields[1]);
      expect(ids).toContain(given.envelope.id);
    }
    const notes = await Promise.all(Array.from({ length: 16 }, (_, shard) => lab.raw.zcard(`outbox:${shard}`)));
    expect(notes.every((count) => count === 0)).toBe(true);
  });

  it("[outbox.sweep] queues an accepted turn whose queue entry was never written", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const accepted = await bus.conversations.accept(given);
    await lab.raw.del(chatTopic("assistant"));
    const shard = Number.parseInt(given.envelope.conversation_id.slice(0, 2), 16) % 16;
    await lab.raw.zadd(
      `outbox:${shard}`,
      Date.now() - 60_000,
      `turn ${given.envelope.conversation_id} ${runIdOf(accepted)}`,
    );
    expect(await bus.sweepOutbox()).toBe(1);
    expect((await lab.raw.xrange(chatTopic("assistant"), "-", "+"))[0]?.[1][1]).toBe(given.envelope.id);
    expect(await lab.raw.zcard(`outbox:${shard}`)).toBe(0);
  });

  it("[outbox.conversation] publishes a message in its conversation's topic whatever became of it, and queues only what waits", async () => {
    const bus = lab.openBus();
    const id = newUuid();
    const [first, steered] = [message(id), message(id, "also", { onBusy: "steer" })];
    await bus.conversations.accept(first);
    const lease = await claimed(bus, id);
    await bus.conversations.accept(steered);
    await lease.beginStep(1);
    const isPublishedAgain = async ({ envelope }: NewMessage): Promise<void> => {
      for (const topic of [chatTopic(id), chatTopic("assistant")]) await lab.raw.del(topic);
      await leaveNote(envelope.conversation_id, `turn ${id} ${runIdFrom(envelope)}`);
      expect(await bus.sweepOutbox()).toBe(1);
      const published = await lab.raw.xrange(chatTopic(id), "-", "+");
      expect(published.map(([, fields]) => JSON.parse(fields[3] ?? "") as object)).toEqual([envelope]);
      expect(await lab.raw.exists(chatTopic("assistant"))).toBe(0);
    };
    await isPublishedAgain(first);
    await isPublishedAgain(steered);
    await lease.finish(COMPLETED);
    await isPublishedAgain(first);
  });

  it("publishes what was accepted and never published when the same message comes again, though its run has begun", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    await claimed(bus, id);
    const note = `turn ${id} ${runIdFrom(given.envelope)}`;
    await lab.raw.del(chatTopic(id));
    await leaveNote(id, note);
    const other = { ...given, envelope: { ...given.envelope, content: "something else" } };
    expect(await bus.conversations.accept(other)).toEqual({ outcome: "conflict" });
    expect(await noteScore(id, note)).not.toBeNull();
    expect(await bus.conversations.accept(given)).toMatchObject({ outcome: "duplicate", status: "in_progress" });
    expect(await lab.raw.xlen(chatTopic(id))).toBe(1);
    expect(await noteScore(id, note)).toBeNull();
  });

  it.each(["after the refusal", "before the withdrawal is over"])(
    "keeps a run known whose message was refused as busy when it was sent before, accepted %s",
    async (when) => {
      const bus = lab.openBus();
      const id = newUuid();
      await bus.conversations.accept(message(id));
      const lease = await claimed(bus, id);
      const refused = message(id, "more", { onBusy: "reject" });
      const again = { ...refused, onBusy: "enqueue" as const };
      const { script } = Commands.prototype;
      let asked = 0;
      const spy = jest.spyOn(Commands.prototype, "script").mockImplementation(async function (this: Commands, ...call) {
        asked += call[0] === "accept-7" ? 1 : 0;
        if (call[0] !== "accept-7" || asked !== 1) return script.apply(this, call);
        if (when === "after the refusal") {
          const reply = await script.apply(this, call);
          await bus.conversations.accept(again);
          return reply;
        }
        expect(await bus.conversations.accept(refused)).toMatchObject({ outcome: "busy" });
        return script.apply(this, call);
      });
      try {
        await bus.conversations.accept(when === "after the refusal" ? refused : again);
      } finally {
        spy.mockRestore();
      }
      const runId = runIdFrom(refused.envelope);
      expect(await bus.conversations.findRun(runId)).toMatchObject({ status: "queued" });
      expect(await lab.raw.zscore("{control:assistant}:unfinished", `${id} ${runId}`)).not.toBeNull();
      await lease.finish(COMPLETED);
    },
  );

  it("[chat.answer] puts the answer of a completed run in the conversation's topic, also when its worker died before it could", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    await bus.conversations.accept(given);
    const lease = await claimed(bus, id);
    const shown = {
      id: newUuid(),
      role: "assistant" as const,
      content: "hi",
      run_id: lease.run.id,
      created_at: given.envelope.created_at,
    };
    await lease.finish({ ...COMPLETED, history: [{ shown, model: { role: "assistant", content: "hi", calls: [] } }] });
    const topic = chatTopic(id);
    const published = await lab.raw.xrange(topic, "-", "+");
    const answers = published.map(([, fields]) => [
      JSON.parse(fields[3] ?? "") as { sender: string; content: string },
      fields.slice(4),
    ]);
    expect(answers).toMatchObject([
      [{ sender: "user:ann", content: "hello" }, ["turn", "1"]],
      [{ sender: "agent:assistant", content: "hi" }, ["turn", "1"]],
    ]);

    await lab.raw.xdel(topic, published[1]?.[0] ?? "");
    const shard = Number.parseInt(id.slice(0, 2), 16) % 16;
    await lab.raw.zadd(`outbox:${shard}`, Date.now() - 60_000, `answer ${id} ${lease.run.id}`);
    expect(await bus.sweepOutbox()).toBe(1);
    expect((await lab.raw.xrange(topic, "-", "+"))[1]?.[1][1]).toBe(published[1]?.[1][1]);
  });

  it("[on-busy.reject] refuses a message while a run is active", async () => {
    const bus = lab.openBus();
    const id = newUuid();
    const first = await bus.conversations.accept(message(id));
    expect(await bus.conversations.accept(message(id, "more", { onBusy: "reject" }))).toEqual({
      outcome: "busy",
      runId: runIdOf(first),
    });
  });

  it("takes a bare entry for the message it repeats, also where it leaves out what has a default", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    await bus.conversations.accept(given);
    const bare = { ...given, envelope: { ...given.envelope, sender: "user:anonymous" }, alreadyQueued: true };
    expect((await bus.conversations.accept(bare)).outcome).toBe("duplicate");
    expect((await bus.conversations.accept({ ...bare, alreadyQueued: false })).outcome).toBe("conflict");
  });

  it("publishes nothing again when a worker reads what the gateway accepted, and counts the delivery", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    const accepted = await bus.conversations.accept(given);
    const read = await bus.conversations.accept({ ...given, alreadyQueued: true, deliveredBy: "5-0" });
    expect(read).toEqual({ ...accepted, outcome: "duplicate" });
    expect(await lab.raw.xlen(chatTopic(id))).toBe(1);
    expect((await claimed(bus, id)).run.source).toEqual({ entryId: "5-0", deliveries: 1 });
    const other = { ...given, envelope: { ...given.envelope, content: "not what was said" } };
    expect(await bus.conversations.accept({ ...other, alreadyQueued: true })).toEqual({ outcome: "conflict" });
  });

  it("does not mind the order of keys in metadata", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const withMetadata = (metadata: Record<string, number>) => ({
      ...given,
      envelope: { ...given.envelope, metadata },
    });
    await bus.conversations.accept(withMetadata({ a: 1, b: 2 }));
    expect((await bus.conversations.accept(withMetadata({ b: 2, a: 1 }))).outcome).toBe("duplicate");
    expect((await bus.conversations.accept(withMetadata({ a: 2, b: 2 }))).outcome).toBe("conflict");
  });

  it("leaves nothing behind of a message it refuses", async () => {
    const bus = lab.openBus();
    await lab.raw.flushall();
    const id = newUuid();
    await bus.conversations.accept(message(id));
    const before = await lab.keys();
    const unfinished = await lab.raw.zcard("{control:assistant}:unfinished");
    await bus.conversations.accept(message(id, "more", { onBusy: "reject" }));
    expect(await lab.keys()).toEqual(before);
    expect(await lab.raw.zcard("{control:assistant}:unfinished")).toBe(unfinished);
  });
});
