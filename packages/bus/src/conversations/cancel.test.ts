import { describe, expect, it, jest } from "@jest/globals";
import { chatTopic, type MessageEnvelope, newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { Commands } from "../connection/commands.ts";
import { metaKey, unfinishedKey } from "../keys.ts";
import type { Bus } from "../ports/bus.ts";
import { BusUnavailable } from "../ports/errors.ts";
import { busLab, COMPLETED, claimed, message, runIdOf } from "../test-lab/bus-lab.ts";
import { userMessage } from "./history-messages.ts";
import { park } from "../test-lab/parking.ts";

const lab = busLab();

describe("cancel", () => {
  it("[cancel.before-worker] ends a run that no worker has", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const accepted = await bus.conversations.accept(given);
    expect(await bus.conversations.cancelRun(runIdOf(accepted), "user:ann")).toMatchObject({ outcome: "cancelled" });
    expect((await lab.events(given.envelope.conversation_id)).at(-1)).toMatchObject({
      event: "run",
      status: "cancelled",
      attempt: 0,
    });
    expect(await bus.runs.claim(given.envelope.conversation_id, "assistant")).toEqual({ outcome: "idle" });
    expect(await bus.conversations.cancelRun(runIdOf(accepted), "user:ann")).toMatchObject({ outcome: "ended" });
  });

  it.each([
    ["half a character", { k: "\ud83d" }],
    ["depth without end", JSON.parse(`${'{"a":'.repeat(1_500)}1${"}".repeat(1_500)}`) as MessageEnvelope["metadata"]],
  ])("[cancel.odd-words] ends a run that waits, though its message has %s", async (_what, metadata) => {
    const bus = lab.openBus();
    const given = message(newUuid(), "half a character: \ud83d");
    const odd = { ...given, envelope: { ...given.envelope, metadata } };
    const runId = runIdOf(await bus.conversations.accept(odd));
    expect(await bus.conversations.cancelRun(runId, "user:ann")).toMatchObject({ outcome: "cancelled" });
    expect((await bus.conversations.findRun(runId))?.status).toBe("cancelled");
    expect(await bus.runs.claim(given.envelope.conversation_id, "assistant")).toEqual({ outcome: "idle" });
    const history = await bus.conversations.history(given.envelope.conversation_id, { limit: 10 });
    expect(history).toMatchObject({ value: { data: [{ role: "user", content: given.envelope.content }] } });
  });

  it("[run.all-or-nothing] changes nothing on a Redis that is full", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const id = given.envelope.conversation_id;
    const runId = runIdOf(await bus.conversations.accept(given));
    const keys = [`stream:${id}`, `{stream:${id}}:meta`, `{stream:${id}}:inbox`, `{stream:${id}}:run:${runId}`];
    const dumps = () => Promise.all(keys.map((key) => lab.raw.dumpBuffer(key)));
    const before = await dumps();
    await lab.raw.config("SET", "maxmemory", "1");
    await expect(bus.conversations.cancelRun(runId, "user:ann")).rejects.toThrow(BusUnavailable);
    const during = await dumps();
    await lab.raw.config("SET", "maxmemory", "0");
    expect(before).not.toContain(null);
    expect(during).toEqual(before);
    expect(await bus.conversations.cancelRun(runId, "user:ann")).toMatchObject({ outcome: "cancelled" });
  });

  it("[cancel.wake] lets the next turn begin also where the cancel that ended a parked run died before it could", async () => {
    const bus = lab.openBus();
    const id = newUuid();
    const parked = runIdOf(await bus.conversations.accept(message(id)));
    await park(bus, await claimed(bus, id));
    const next = message(id, "next");
    await bus.conversations.accept(next);
    expect(await bus.conversations.cancelRun(parked, "user:ann")).toMatchObject({ outcome: "cancelled" });
    // As if the reply had been lost, and all that came after it.
    await lab.raw.del(chatTopic("assistant"));
    await lab.raw.zadd(unfinishedKey("assistant"), Date.now(), `${id} ${parked}`);
    expect(await bus.conversations.cancelRun(parked, "user:ann")).toMatchObject({ outcome: "ended" });
    const queued = await lab.raw.xrange(chatTopic("assistant"), "-", "+");
    expect(queued.map(([, fields]) => fields[1])).toEqual([next.envelope.id]);
    expect(await lab.raw.zscore(unfinishedKey("assistant"), `${id} ${parked}`)).toBeNull();
  });

  it("[failover.asked-again] says what was cancelled and rings at what was interrupted also where a failover makes it ask twice", async () => {
    const bus = lab.openBus();
    const id = newUuid();
    const first = runIdOf(await bus.conversations.accept(message(id)));
    await claimed(bus, id);
    const twice = jest.spyOn(Commands.prototype, "durably").mockImplementation(async (_keys, work) => {
      await work();
      return work();
    });
    try {
      const second = runIdOf(await bus.conversations.accept(message(id, "stop it", { onBusy: "interrupt" })));
      const [[, bell] = ["", []]] = await lab.raw.xrevrange("control:assistant", "+", "-", "COUNT", 1);
      expect(JSON.parse(bell[3] ?? "{}")).toMatchObject({ type: "cancel", run_id: first });
      expect(await bus.conversations.cancelRun(second, "user:ann")).toMatchObject({ outcome: "cancelled" });
    } finally {
      twice.mockRestore();
    }
  });

  it("[cancel.turn-order] keeps turns in the order in which they were accepted, whichever is cancelled while it waits", async () => {
    const bus = lab.openBus();
    const id = newUuid();
    const said = ["one", "two", "three", "four", "five"];
    const runs: string[] = [];
    for (const content of said) runs.push(runIdOf(await bus.conversations.accept(message(id, content))));
    const shown = async (): Promise<string[]> => {
      const snapshot = await bus.conversations.snapshot(id);
      return snapshot.outcome === "found" ? snapshot.value.messages.map(({ content }) => content) : [];
    };
    const endNext = async (): Promise<string[]> => {
      const lease = await claimed(bus, id);
      const told = (await lease.history()).map((record) => record.shown.content);
      const { content } = lease.run.envelope;
      const own = userMessage(lease.run.envelope, lease.run.id);
      expect(await shown()).toEqual(said);
      await lease.finish({ ...COMPLETED, history: [{ shown: own, model: { role: "user", content } }] });
      expect(await shown()).toEqual(said);
      return [...told, content];
    };
    for (const at of [3, 1]) await bus.conversations.cancelRun(runs[at] ?? "", "user:ann");
    expect(await shown()).toEqual(said);
    expect(await endNext()).toEqual(["one"]);
    expect(await endNext()).toEqual(["one", "two", "three"]);
    expect(await endNext()).toEqual(said);
    const parked = runIdOf(await bus.conversations.accept(message(id, "six")));
    const waiting = runIdOf(await bus.conversations.accept(message(id, "seven")));
    await park(bus, await claimed(bus, id));
    for (const runId of [waiting, parked]) await bus.conversations.cancelRun(runId, "user:ann");
    expect(await shown()).toEqual([...said, "six", "seven"]);
  });

  it("leaves nothing for the model of a message that only stands for an unreadable one", async () => {
    const bus = lab.openBus();
    const id = newUuid();
    const refusal = { code: "invalid_envelope", message: "content is missing" };
    const standIn = await bus.conversations.accept(message(id, "unreadable", { refusal }));
    await bus.conversations.cancelRun(runIdOf(standIn), "user:ann");
    await bus.conversations.accept(message(id, "also unreadable", { refusal }));
    const lease = await claimed(bus, id);
    expect(lease.run.refusal).toEqual(refusal);
    const [record, ...more] = await lease.history();
    expect(more).toEqual([]);
    expect(record).toMatchObject({ shown: { role: "user", content: "unreadable" } });
    expect(record).not.toHaveProperty("model");
  });

  it.each([
    { how: "a cancel", by: (bus: Bus, _id: string, runId: string) => bus.conversations.cancelRun(runId, "user:ann") },
    {
      how: "a message that interrupts",
      by: (bus: Bus, id: string) => bus.conversations.accept(message(id, "stop", { onBusy: "interrupt" })),
    },
  ])(
    "[cancel.running] reaches the owner by flag even when the bell of $how is lost, and whoever owns it next",
    async ({ by }) => {
      const bus = lab.openBus();
      const given = message(newUuid());
      const id = given.envelope.conversation_id;
      const accepted = await bus.conversations.accept(given);
      const lease = await claimed(bus, id);
      await by(bus, id, runIdOf(accepted));
      await until(() => lease.signal.aborted, { timeoutMs: 5_000 });
      expect(lease.signal.reason).toBe("cancelled");
      await lease.release();
      const next = await claimed(bus, id);
      expect(next.signal.reason).toBe("cancelled");
      // The flag that every write reads stands again under the new owner.
      expect(await lab.raw.hexists(metaKey(id), "run_cancel")).toBe(1);
      await next.finish({ ...COMPLETED, status: "cancelled", output: { text: "h", finish_reason: "cancelled" } });
      expect((await lab.events(id)).at(-1)).toMatchObject({ status: "cancelled" });
      expect(await lab.raw.hexists(metaKey(id), "run_cancel")).toBe(0);
    },
  );
});
