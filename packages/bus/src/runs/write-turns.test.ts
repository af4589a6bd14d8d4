import { expect, it } from "@jest/globals";
import { WriteClock } from "./write-clock.ts";
import type { AppendedBatch } from "./unconfirmed-writes.ts";
import { WriteBuffer } from "./write-buffer.ts";
import { WriteTurns, type Written } from "./write-turns.ts";

interface Sent {
  readonly payloads: readonly string[];
  readonly answer: Written;
}

/** The writes of a run whose Redis answers when the test says so. */
function run() {
  const buffer = new WriteBuffer();
  const sent: Sent[] = [];
  let isCancelled = false;
  const turns = new WriteTurns({
    buffer,
    clock: new WriteClock({ busyness: () => 0 }),
    append: ({ payloads }: AppendedBatch, answer) => void sent.push({ payloads, answer }),
    onCancel: () => (isCancelled = true),
  });
  const say = (payload: string): void => {
    buffer.add(payload);
    turns.request();
  };
  return { buffer, sent, turns, say, isCancelled: () => isCancelled };
}

/** What has happened to promises by now: they settle in microtasks. */
async function stateOf(promise: Promise<void>): Promise<string> {
  const tick = new Promise<string>((resolve) => setImmediate(resolve, "waits"));
  return Promise.race([
    promise.then(
      () => "done",
      (error: Error) => error.message,
    ),
    tick,
  ]);
}

const nextTick = () => new Promise<void>((resolve) => setImmediate(resolve));

it("[run.flush] says that all is written only after what was said while another write was on its way", async () => {
  const { buffer, sent, turns, say } = run();
  say("a");
  await nextTick();
  say("b");
  const flushed = turns.flush();
  await nextTick();
  expect(sent.map(({ payloads }) => payloads)).toEqual([["a"]]);
  sent[0]?.answer(undefined, "");
  expect(await stateOf(flushed)).toBe("waits");
  expect(sent.map(({ payloads }) => payloads)).toEqual([["a"], ["b"]]);
  sent[1]?.answer(undefined, "");
  expect(await stateOf(flushed)).toBe("done");
  expect(buffer.bytes).toBe(0);
});

it("waits for a write that has taken everything, and lets nothing pass it", async () => {
  const { sent, turns, say } = run();
  say("a");
  await nextTick();
  const flushed = turns.flush();
  const taken: (readonly string[])[] = [];
  const took = turns.take(async ({ payloads }) => {
    taken.push(payloads);
    return ["OK", ""];
  });
  say("b");
  expect([await stateOf(flushed), await stateOf(took)]).toEqual(["waits", "waits"]);
  sent[0]?.answer(undefined, "");
  expect([await stateOf(flushed), await stateOf(took)]).toEqual(["done", "done"]);
  expect(taken).toEqual([["b"]]);
  await nextTick();
  expect(sent).toHaveLength(1);
});

it("[run.no-hole] writes nothing after a write that failed, and says why to whoever asks", async () => {
  const { sent, turns, say } = run();
  say("a");
  await nextTick();
  say("b");
  const flushed = turns.flush();
  sent[0]?.answer(new Error("no"), "");
  expect(await stateOf(flushed)).toBe("no");
  say("c");
  const took = turns.take(async () => ["OK", ""]);
  expect([await stateOf(took), await stateOf(turns.flush())]).toEqual(["no", "no"]);
  expect(sent).toHaveLength(1);
});

it("tells of a cancel with the answer to a write", async () => {
  const { sent, turns, say, isCancelled } = run();
  say("a");
  await nextTick();
  sent[0]?.answer(undefined, "");
  expect(isCancelled()).toBe(false);
  say("b");
  const flushed = turns.flush();
  await nextTick();
  sent[1]?.answer(undefined, "user:ann");
  expect([await stateOf(flushed), isCancelled()]).toEqual(["done", true]);
});

it("fails where what has grown cannot be said, and throws nothing at the turns of other runs", async () => {
  const { buffer, sent, turns } = run();
  buffer.addLater(() => {
    throw new Error("no words");
  });
  turns.request();
  await nextTick();
  expect([await stateOf(turns.flush()), sent]).toEqual(["no words", []]);
});
