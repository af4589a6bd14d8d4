import { describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { BusUnavailable } from "../ports/errors.ts";
import { busLab, COMPLETED, claimed, message, runIdOf } from "../test-lab/bus-lab.ts";

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

  it("[cancel.running] reaches the owner by flag even when the bell is lost", async () => {
    const bus = lab.openBus();
    const given = message(newUuid());
    const accepted = await bus.conversations.accept(given);
    const lease = await claimed(bus, given.envelope.conversation_id);
    await bus.conversations.cancelRun(runIdOf(accepted), "user:ann");
    await until(() => lease.signal.aborted, { timeoutMs: 5_000 });
    expect(lease.signal.reason).toBe("cancelled");
    await lease.finish({ ...COMPLETED, status: "cancelled", output: { text: "h", finish_reason: "cancelled" } });
    expect((await lab.events(given.envelope.conversation_id)).at(-1)).toMatchObject({ status: "cancelled" });
  });
});
