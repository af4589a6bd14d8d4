import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { newUuid, streamTopic } from "@holdfast/protocol";
import { startRedis, type TestRedis } from "@holdfast/testing";
import { Redis } from "ioredis";
import { assistantMessage, userMessage } from "../conversations/history-messages.ts";
import type { Bus } from "../ports/bus.ts";
import { createRedisBus } from "../redis-bus.ts";
import { message, USAGE } from "../test-lab/bus-lab.ts";

jest.setTimeout(240_000);

const RUNS = 100;
const TOKENS = Array.from({ length: 1_000 }, (_, index) => `${index} `.padStart(5, "w"));
const TEXT = TOKENS.join("");
/** Documented in docs/operations.md: three times the text, and what a conversation of one run costs whatever it says. */
const MOST_BYTES = 3 * TEXT.length + 20_000;

let redis: TestRedis;
let raw: Redis;
let bus: Bus;
beforeAll(async () => {
  redis = await startRedis();
  raw = new Redis(redis.url);
  bus = createRedisBus({ url: redis.url, retention: { compactGraceMs: 0 } });
});
afterAll(async () => {
  await bus.close();
  raw.disconnect();
  await redis.stop();
});

const usedBytes = async () => Number(/used_memory:(\d+)/.exec(await raw.info("memory"))?.[1]);

it("[retention.memory] finished answers of a thousand tokens are kept in a documented number of bytes each", async () => {
  const answer = async (): Promise<string> => {
    const given = message(newUuid());
    const { conversation_id: id } = given.envelope;
    await bus.conversations.accept(given);
    const claim = await bus.runs.claim(id, "assistant");
    if (claim.outcome !== "claimed") throw new Error(claim.outcome);
    const { lease } = claim;
    let offset = 0;
    for (const [index, text] of TOKENS.entries()) {
      lease.append({ event: "token", step: 0, index, offset, text });
      offset += text.length;
    }
    const shown = assistantMessage(lease.run.id, "assistant", {
      step: 0,
      text: TEXT,
      created_at: new Date().toISOString(),
    });
    await lease.finish({
      status: "completed",
      usage: USAGE,
      output: { text: TEXT, finish_reason: "stop", step: 0 },
      history: [
        { shown: userMessage(given.envelope, lease.run.id), model: { role: "user", content: given.envelope.content } },
        { shown, model: { role: "assistant", content: TEXT, calls: [] } },
      ],
    });
    // As a worker does.
    await raw.xtrim("chat:assistant", "MAXLEN", 0);
    return id;
  };
  await answer();
  const before = await usedBytes();
  const ids: string[] = [];
  for (let at = 0; at < RUNS; at += 20) ids.push(...(await Promise.all(Array.from({ length: 20 }, answer))));
  while ((await bus.sweepUpkeep()) > 0);
  const each = Math.round(((await usedBytes()) - before) / RUNS);
  expect(each).toBeLessThan(MOST_BYTES);
  expect(await raw.xlen(streamTopic(ids[0] ?? ""))).toBe(4);
});
