import { createHash } from "node:crypto";
import { answerText, emptyConversation, type Frame, HoldfastClient, newId, reduce, runsOf } from "@holdfast/client";
import { gate, until } from "@holdfast/testing";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Redis } from "ioredis";
import { SseTail } from "../chaos/sse-tail.ts";
import { StrictReader } from "../chaos/strict-reader.ts";
import { Stack } from "./stack.ts";

let stack: Stack;
let client: HoldfastClient;
let redis: Redis;
beforeAll(async () => {
  stack = await Stack.start({ env: { HOLDFAST_COMPACT_GRACE_MS: "400" } });
  client = new HoldfastClient({ baseUrl: stack.url });
  redis = new Redis(stack.redis.url);
  await until(
    async () => (await client.tools()).data.find(({ toolset }) => toolset === "everything")?.state === "ready",
    { timeoutMs: 30_000 },
  );
}, 90_000);
afterAll(async () => {
  redis.disconnect();
  await stack.stop();
});

const WORDS = Array.from({ length: 1_200 }, (_, index) => `w${index} `);
const isSample = (_message: string, _step: number, text: string) =>
  ["I look. ", WORDS.join("")].some((sample) => sample.startsWith(text));

async function logOf(conversationId: string): Promise<{ id: string; event: string }[]> {
  const rows = await redis.xrange(`stream:${conversationId}`, "-", "+");
  return rows.map(([id, fields]) => ({ id, event: (JSON.parse(fields[3] ?? "") as { event: string }).event }));
}

/** Reads from `cursor` until the run's end, as the page does. */
async function read(conversationId: string, runId: string, cursor?: string, state = emptyConversation) {
  const frames: Frame[] = [];
  const onFrame = (frame: Frame) => {
    frames.push(frame);
    state = reduce(state, frame);
  };
  await client.follow(conversationId, { runId, onFrame, ...(cursor === undefined ? {} : { cursor }) });
  return { frames, state };
}

it("[retention.replay] a compacted conversation reads the same, from its start, from a cursor inside it, and for who was there", async () => {
  const held = gate();
  stack.model.enqueue(
    { pieces: ["I ", "look. ", { toolCall: { id: "c", name: "everything__echo", arguments: { message: "hi" } } }] },
    { pieces: [...WORDS.slice(0, 700), { waitFor: held }, ...WORDS.slice(700)] },
  );
  const conversationId = newId();
  const { run_id: runId } = await client.send(conversationId, { agent: "assistant", content: "Tell me." });
  const live = new SseTail(conversationId, [stack.url], 0, new StrictReader(isSample));
  live.open();
  const seen: Frame[] = [];
  const abort = new AbortController();
  const leaver = client.follow(conversationId, {
    runId,
    signal: abort.signal,
    onFrame: (frame) => {
      seen.push(frame);
      if ((frame.event as { text?: string }).text?.includes("w650 ")) abort.abort();
    },
  });
  await leaver.catch(() => undefined);
  // The first step is finished: its tokens go while the run goes on.
  await until(async () => (await saidIn(conversationId, 0)) === "", { timeoutMs: 20_000 });
  expect(await saidIn(conversationId, 1)).toBe(WORDS.slice(0, 700).join(""));
  held.open();
  await until(() => live.reader.runs.get(runId)?.hasEnded === true, { timeoutMs: 60_000 });
  await until(async () => (await logOf(conversationId)).every(({ event }) => event !== "token"), { timeoutMs: 30_000 });

  expect(live.reader.violations).toEqual([]);
  await live.close();
  const text = WORDS.join("");
  const replay = await read(conversationId, runId);
  const inside = await read(conversationId, runId, seen.at(-1)?.id, seen.reduce(reduce, emptyConversation));
  for (const { state, frames } of [replay, inside]) {
    const run = runsOf(state)[0];
    if (!run) throw new Error("no run is shown");
    expect(answerText(run)).toBe(text);
    expect(run.steps.map((step) => step.text)).toEqual(["I look. ", text]);
    expect(run.status).toBe("completed");
    expect(frames.some(({ event }) => event.event === "reset")).toBe(false);
  }
  const strict = new StrictReader(isSample, { mayBeCompacted: true });
  for (const { id, event } of replay.frames) strict.read({ id, data: JSON.stringify(event) });
  expect(strict.violations).toEqual([]);
  const output = strict.runs.get(runId)?.output ?? "";
  expect(createHash("sha256").update(output).digest("hex")).toBe(createHash("sha256").update(text).digest("hex"));
  const snapshot = await client.snapshot(conversationId);
  expect(snapshot.messages.at(-1)).toMatchObject({ role: "assistant", content: text });
}, 120_000);

/** What the tokens of a step say that the log still has. */
async function saidIn(conversationId: string, step: number): Promise<string> {
  const rows = await redis.xrange(`stream:${conversationId}`, "-", "+");
  const events = rows.map(
    ([, fields]) => JSON.parse(fields[3] ?? "") as { event: string; step?: number; text?: string },
  );
  return events
    .filter((event) => event.event === "token" && event.step === step)
    .map(({ text }) => text)
    .join("");
}
