/**
 * The HTTP side of the BullMQ build: a message becomes a job, and each reader has a Redis connection of its own that waits
 * for the answer's next entries, from the reader's `Last-Event-ID` on.
 */
import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { Queue } from "bullmq";
import express, { type Response } from "express";
import { Redis } from "ioredis";
import { answerKey, type ChatJob, QUEUE, redisAddress } from "./bull-queue.ts";

const BLOCK_MS = 5_000;
const PAGE = 500;

const queue = new Queue<ChatJob>(QUEUE, { connection: redisAddress() });
const app = express();

app.post("/chats", express.json(), async (request, response) => {
  const { id = randomUUID(), content } = request.body as { id?: string; content: string };
  await queue.add("chat", { id, content }, { removeOnComplete: true });
  response.status(202).json({ id });
});

app.get("/chats/:id/stream", async (request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.flushHeaders();
  const redis = new Redis({ ...redisAddress(), maxRetriesPerRequest: null });
  response.on("close", () => redis.disconnect());
  try {
    await relay(redis, answerKey(request.params.id), String(request.headers["last-event-id"] ?? "0"), response);
  } catch {
    response.destroy();
  }
});

async function relay(redis: Redis, key: string, from: string, response: Response): Promise<void> {
  for (let last = from; !response.destroyed; ) {
    const found = await redis.xread("COUNT", PAGE, "BLOCK", BLOCK_MS, "STREAMS", key, last);
    for (const [id, fields] of found?.[0]?.[1] ?? []) {
      last = id;
      const data = fields[1] ?? "";
      response.write(`id: ${id}\ndata: ${data}\n\n`);
      if (data === "[DONE]") return void response.end();
    }
  }
}

const server = app.listen(0, "127.0.0.1", 4_096, () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ message: "ready", url: `http://127.0.0.1:${port}` }));
});
process.on("SIGTERM", () => process.exit(0));
