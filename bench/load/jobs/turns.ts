import { randomUUID } from "node:crypto";
import { promptOf } from "../../model/ask.ts";
import type { BenchRun } from "../bench-run.ts";
import { Chat } from "../chat.ts";
import type { JobResult, Metrics, TurnsJob } from "../job.ts";
import { costMetrics, damageOf, deliveryMetrics, phase } from "../metrics.ts";
import { Recorder } from "../recorder.ts";
import { allEnded } from "./chats.ts";

const NOISE = ["others_cores", "stolen_cores"];
const GRACE_MS = 30_000;

/** One page stays open and asks again and again; the model gets the whole history every time, as from every chat. */
export async function measureTurns(run: BenchRun, work: TurnsJob): Promise<JobResult> {
  const { recorder: ignored, shared } = run.sharedPhase();
  const id = randomUUID();
  let current = new Chat("", 0, ignored);
  await shared.create(id);
  const reader = shared.follow(id, { chat: () => current });
  const takeTurns = async (count: number, tokens: number, recorder: Recorder): Promise<Chat[]> => {
    const chats: Chat[] = [];
    for (let turn = 0; turn < count; turn += 1) {
      current = new Chat(promptOf({ tokens, rate: 0, tag: run.nextTag() }), tokens, recorder);
      chats.push(current);
      await shared.post(id, current.prompt);
      await allEnded([current], GRACE_MS);
    }
    return chats;
  };
  const measure = async (): Promise<Metrics> => {
    const recorder = new Recorder();
    const meter = run.meter();
    const chats = await takeTurns(work.window, work.tokens, recorder);
    const cost = costMetrics(meter.stop(), recorder.tokens, run.job.processes);
    return { ...deliveryMetrics(recorder, chats), ...cost };
  };
  const first = await measure();
  await takeTurns(Math.max(0, work.turns - 2 * work.window), work.fillerTokens, ignored);
  const last = await measure();
  reader.close();
  return { metrics: { turns: work.turns, ...compared(first, last) } };
}

/** Both phases, what growth cost as a ratio, and what went wrong in either. */
export function compared(first: Metrics, last: Metrics): Metrics {
  return {
    growth: (last["cpu_us_per_token"] ?? 0) / Math.max(0.001, first["cpu_us_per_token"] ?? 0),
    ...Object.fromEntries(NOISE.map((name) => [name, Math.max(first[name] ?? 0, last[name] ?? 0)])),
    ...damageOf(first, last),
    ...phase("first", first),
    ...phase("last", last),
  };
}
