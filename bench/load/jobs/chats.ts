import { setTimeout as delay } from "node:timers/promises";
import { nowUs } from "../../clock.ts";
import { promptOf } from "../../model/ask.ts";
import type { Adapter, Reader } from "../adapters/adapter.ts";
import type { BenchRun } from "../bench-run.ts";
import { Chat } from "../chat.ts";
import type { ChatsJob, JobResult } from "../job.ts";
import { costMetrics, deliveryMetrics } from "../metrics.ts";
import type { Recorder } from "../recorder.ts";

/** The whole of it counts, from the first request to the last end: beginning an answer is part of what a token costs. */
export async function measureChats(run: BenchRun, work: ChatsJob): Promise<JobResult> {
  const { recorder, adapter } = run.phase();
  const meter = run.meter();
  console.log(JSON.stringify({ message: "begun", at_us: nowUs() }));
  const chats = await talk(run, work, adapter, recorder);
  const usage = meter.stop();
  const metrics = {
    ...deliveryMetrics(recorder, chats),
    ...costMetrics(usage, recorder.tokens, run.job.processes),
  };
  return { metrics, ...(work.keepsArrivals ? { arrivalsUs: chats.map(({ arrivalsUs }) => arrivalsUs) } : {}) };
}

/** Resolves when every chat has ended, in whatever way. */
export async function talk(run: BenchRun, work: ChatsJob, adapter: Adapter, recorder: Recorder): Promise<Chat[]> {
  const { rate, tokens, rampMs, graceMs } = work;
  const chats: Chat[] = [];
  const readers: Reader[] = [];
  const beganMs = performance.now();
  for (let index = 0; index < work.chats; index += 1) {
    const waitMs = beganMs + (index * rampMs) / work.chats - performance.now();
    if (waitMs > 1) await delay(waitMs);
    const chat = new Chat(promptOf({ tokens, rate, tag: run.nextTag() }), tokens, recorder, work.keepsArrivals);
    chats.push(chat);
    readers.push(adapter.say(chat));
  }
  const nominalMs = rate === 0 ? 0 : (tokens / rate) * 1_000;
  await allEnded(chats, nominalMs + graceMs);
  for (const reader of readers) reader.close();
  return chats;
}

/** Who is still waiting after `timeoutMs` is overdue. */
export async function allEnded(chats: readonly Chat[], timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => {
    for (const chat of chats) chat.finish("overdue");
  }, timeoutMs);
  await Promise.all(chats.map(({ ended }) => ended));
  clearTimeout(timer);
}
