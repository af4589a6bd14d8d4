import { describe, expect, it } from "@jest/globals";
import { Slots } from "./slots.ts";

const never = new AbortController().signal;

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const waiting = Symbol("waiting");
  return (await Promise.race([promise, new Promise((resolve) => setImmediate(() => resolve(waiting)))])) !== waiting;
}

describe("slots", () => {
  it("admits as many as the limit, then in order as others leave", async () => {
    const slots = new Slots(1, 10);
    const first = await slots.acquire(never);
    const second = slots.acquire(never);
    const third = slots.acquire(never);
    expect(await isSettled(second)).toBe(false);
    first?.();
    first?.();
    expect(await isSettled(second)).toBe(true);
    expect(await isSettled(third)).toBe(false);
    expect(slots.inUse).toBe(1);
  });

  it("turns away who finds the queue full or was aborted before", async () => {
    const slots = new Slots(1, 1);
    await slots.acquire(never);
    void slots.acquire(never);
    expect(await slots.acquire(never)).toBeUndefined();
    expect(await new Slots(1, 1).acquire(AbortSignal.abort())).toBeUndefined();
  });

  it("lets an aborted caller leave the queue and admits the one behind", async () => {
    const slots = new Slots(1, 10);
    const release = await slots.acquire(never);
    const aborter = new AbortController();
    const leaving = slots.acquire(aborter.signal);
    const behind = slots.acquire(never);
    aborter.abort();
    expect(await leaving).toBeUndefined();
    release?.();
    expect(await behind).toBeInstanceOf(Function);
  });

  it("admits more at once when the limit rises", async () => {
    const slots = new Slots(1, 10);
    await slots.acquire(never);
    const second = slots.acquire(never);
    slots.setLimit(2);
    expect(await isSettled(second)).toBe(true);
  });
});
