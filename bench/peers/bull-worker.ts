/** The worker of the BullMQ build: a job is an answer, and every token is appended to the answer's stream as it comes. */
import { Worker } from "bullmq";
import { Redis } from "ioredis";
import OpenAI from "openai";
import { answerKey, type ChatJob, QUEUE, redisAddress } from "./bull-queue.ts";

const KEPT_SECONDS = 24 * 3_600;

const openai = new OpenAI({ baseURL: process.env["OPENAI_BASE_URL"], apiKey: "bench", maxRetries: 0 });
const redis = new Redis(redisAddress());

const worker = new Worker<ChatJob>(
  QUEUE,
  async ({ data: { id, content } }) => {
    const key = answerKey(id);
    const stream = await openai.chat.completions.create({
      model: "scripted",
      messages: [{ role: "user", content }],
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      const text = chunk.choices[0]?.delta.content;
      if (text) await redis.xadd(key, "*", "data", JSON.stringify({ text }));
    }
    await redis.xadd(key, "*", "data", "[DONE]");
    await redis.expire(key, KEPT_SECONDS);
  },
  { connection: redisAddress(), concurrency: Number(process.env["BENCH_CONCURRENCY"] ?? 256) },
);

await worker.waitUntilReady();
console.log(JSON.stringify({ message: "ready" }));
process.on("SIGTERM", () => process.exit(0));
