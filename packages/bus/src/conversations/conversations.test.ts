import { describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { Fenced } from "../ports/errors.ts";
import { appendTokens, busLab, claimed, COMPLETED, message } from "../test-lab/bus-lab.ts";

const lab = busLab();

describe("conversations", () => {
  it("lists newest first and pages without repeating", async () => {
    const bus = lab.openBus();
    await lab.raw.flushall();
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
    const bus = lab.openBus();
    await lab.raw.flushall();
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
    appendTokens(1, lease);
    await expect(lease.flush()).rejects.toThrow(Fenced);
    const keys = (await lab.raw.keys("*")).filter((key) => key.includes(id) || key.startsWith("run:"));
    expect(keys).toEqual([`{stream:${id}}:deleted`]);
    expect(await bus.conversations.accept(message(id))).toEqual({ outcome: "deleted" });
    expect(await bus.conversations.find(id)).toEqual({ outcome: "deleted" });
  });

  it("[conversation.delete-bell] rings for the run at work and for no other, so that no command is trimmed away by it", async () => {
    const bus = lab.openBus();
    await lab.raw.flushall();
    const id = newUuid();
    for (const content of ["ended", "at work", "waits"]) await bus.conversations.accept(message(id, content));
    await (await claimed(bus, id)).finish(COMPLETED);
    const { run } = await claimed(bus, id);
    expect(await bus.conversations.delete(id)).toBe("deleted");
    const rung = (await lab.raw.xrange("control:assistant", "-", "+")).map(([, fields]) => JSON.parse(fields[3] ?? ""));
    expect(rung).toEqual([{ type: "cancel", run_id: run.id, by: "system:delete", flagged: true }]);
  });

  it("[snapshot.instant] reads finished turns, the running one and those that wait", async () => {
    const bus = lab.openBus();
    const id = newUuid();
    await bus.conversations.accept(message(id, "one"));
    await bus.conversations.accept(message(id, "two"));
    const lease = await claimed(bus, id);
    appendTokens(2, lease);
    await lease.flush();
    const snapshot = await bus.conversations.snapshot(id);
    if (snapshot.outcome !== "found") throw new Error(snapshot.outcome);
    expect(snapshot.value.messages.map((shown) => shown.content)).toEqual(["one", "two"]);
    expect(snapshot.value.activeRun).toMatchObject({ id: lease.run.id, status: "in_progress", attempt: 1, step: 0 });
    expect(snapshot.value.cursor).toMatch(/-6$/);
    await bus.conversations.accept(message(newUuid()));
    const waiting = newUuid();
    await bus.conversations.accept(message(waiting));
    const queued = await bus.conversations.snapshot(waiting);
    expect(queued).toMatchObject({ value: { activeRun: { status: "queued", attempt: 0, step: 0, text: "" } } });
  });
});
