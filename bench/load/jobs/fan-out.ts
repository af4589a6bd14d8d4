import { randomUUID } from "node:crypto";
import { promptOf } from "../../model/ask.ts";
import type { Reader } from "../adapters/adapter.ts";
import { atMost } from "../at-most.ts";
import type { BenchRun } from "../bench-run.ts";
import { Chat } from "../chat.ts";
import type { FanOutJob, JobResult } from "../job.ts";
import { costMetrics, deliveryMetrics } from "../metrics.ts";
import { allEnded } from "./chats.ts";

const LANES = 64;
const GRACE_MS = 30_000;

/** Every reader gets every token, and each delivery counts as one. */
export async function measureFanOut(run: BenchRun, { readers, rate, tokens }: FanOutJob): Promise<JobResult> {
  const { recorder, shared } = run.sharedPhase();
  const id = randomUUID();
  await shared.create(id);
  const prompt = promptOf({ tokens, rate, tag: run.nextTag() });
  const chats = Array.from({ length: readers }, () => new Chat(prompt, tokens, recorder));
  const follow = (chat: Chat): Promise<Reader> =>
    new Promise((resolve) => {
      const reader = shared.follow(id, { chat: () => chat, onOpen: () => resolve(reader) });
    });
  const open = await atMost(LANES, chats, follow);
  const meter = run.meter();
  for (const chat of chats) chat.restartClock();
  await shared.post(id, prompt);
  await allEnded(chats, (tokens / rate) * 1_000 + GRACE_MS);
  const usage = meter.stop();
  for (const reader of open) reader.close();
  return {
    metrics: { ...deliveryMetrics(recorder, chats), ...costMetrics(usage, recorder.tokens, run.job.processes) },
  };
}
