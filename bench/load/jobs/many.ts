import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { atMost } from "../at-most.ts";
import type { BenchRun } from "../bench-run.ts";
import type { JobResult, ManyJob } from "../job.ts";
import { measureChats } from "./chats.ts";
import { compared } from "./turns.ts";

const LANES = 64;
const SETTLE_MS = 1_000;

/** Conversations that only exist, as most do at any moment. */
export async function measureMany(run: BenchRun, work: ManyJob): Promise<JobResult> {
  const first = await measureChats(run, work.chats);
  const { shared } = run.sharedPhase();
  await atMost(LANES, Array.from({ length: work.conversations }), () => shared.create(randomUUID()));
  await delay(SETTLE_MS);
  const last = await measureChats(run, work.chats);
  return { metrics: { conversations: work.conversations, ...compared(first.metrics, last.metrics) } };
}
