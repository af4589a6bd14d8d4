import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { nowUs } from "../../clock.ts";
import { promptOf } from "../../model/ask.ts";
import type { BenchRun } from "../bench-run.ts";
import { Chat } from "../chat.ts";
import type { CatchUpJob, JobResult } from "../job.ts";
import { costMetrics, damageOf, deliveryMetrics } from "../metrics.ts";
import { allEnded } from "./chats.ts";

const GRACE_MS = 120_000;

/** Entries as Redis holds them, before anything is compacted; a reader may get several of them in one frame. */
export async function measureCatchUp(run: BenchRun, work: CatchUpJob): Promise<JobResult> {
  const ids = Array.from({ length: work.conversations }, () => randomUUID());
  await fill(run, ids, work);
  const stored = await entriesOf(run, ids);
  const { recorder, shared } = run.sharedPhase();
  const all: Chat[] = [];
  const meter = run.meter();
  let readingUs = 0;
  for (let pass = 0; pass < work.passes; pass += 1) {
    const chats = ids.map(() => new Chat("", work.tokens, recorder));
    const beganUs = nowUs();
    const readers = ids.map((id, index) => shared.follow(id, { chat: () => chats[index] as Chat }));
    await allEnded(chats, GRACE_MS);
    readingUs += nowUs() - beganUs;
    for (const reader of readers) reader.close();
    all.push(...chats);
  }
  const usage = meter.stop();
  const entries = stored * work.passes;
  const { cpu_us_per_token: cpu_us_per_entry, ...cost } = costMetrics(usage, entries, run.job.processes) as Cost;
  return {
    metrics: {
      entries,
      tokens: recorder.tokens,
      entries_per_second: (entries * 1_000_000) / readingUs,
      cpu_us_per_entry,
      ...cost,
      ...damageOf(deliveryMetrics(recorder, all)),
    },
  };
}

type Cost = Record<string, number> & { cpu_us_per_token: number };

async function fill(run: BenchRun, ids: readonly string[], { tokens, rate }: CatchUpJob): Promise<void> {
  const { recorder, shared } = run.sharedPhase();
  const chats = ids.map(() => new Chat(promptOf({ tokens, rate, tag: run.nextTag() }), tokens, recorder));
  await Promise.all(ids.map((id) => shared.create(id)));
  const readers = ids.map((id, index) => shared.follow(id, { chat: () => chats[index] as Chat }));
  await Promise.all(ids.map((id, index) => shared.post(id, chats[index]?.prompt ?? "")));
  await allEnded(chats, (tokens / Math.max(1, rate)) * 1_000 + GRACE_MS);
  for (const reader of readers) reader.close();
}

async function entriesOf(run: BenchRun, ids: readonly string[]): Promise<number> {
  const { shared } = run.sharedPhase();
  const redis = new Redis(run.job.redisUrl ?? "");
  const lengths = await Promise.all(ids.map((id) => redis.xlen(shared.streamKey(id))));
  redis.disconnect();
  return lengths.reduce((sum, length) => sum + length, 0);
}
