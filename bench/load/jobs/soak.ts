import { setTimeout as delay } from "node:timers/promises";
import { residentMemory } from "../../measure/meter.ts";
import { promptOf } from "../../model/ask.ts";
import type { Adapter } from "../adapters/adapter.ts";
import type { BenchRun } from "../bench-run.ts";
import { Chat } from "../chat.ts";
import type { JobResult, Metrics, SoakJob } from "../job.ts";
import { costMetrics, deliveryMetrics } from "../metrics.ts";
import type { Recorder } from "../recorder.ts";

const SAMPLE_MS = 5_000;

/** Resident kB by process, at one moment. */
type Sample = Readonly<Record<string, number>>;

/**
 * The same number of chats all the time: where one has ended, another conversation begins. Memory is compared between the
 * second and the last quarter, each by its median: in the first, processes reach their working size.
 */
export async function measureSoak(run: BenchRun, work: SoakJob): Promise<JobResult> {
  const { recorder, adapter } = run.phase();
  const meter = run.meter();
  const samples: Sample[] = [];
  const sampling = setInterval(() => samples.push(residentMemory(run.job.processes)), SAMPLE_MS);
  const untilMs = performance.now() + work.seconds * 1_000;
  const lanes = Array.from({ length: work.chats }, (_, index) =>
    lane({ run, work, adapter, recorder, index, untilMs }),
  );
  const chats = (await Promise.all(lanes)).flat();
  clearInterval(sampling);
  const cost = costMetrics(meter.stop(), recorder.tokens, run.job.processes);
  return { metrics: { ...deliveryMetrics(recorder, chats), ...cost, ...growthOf(samples) } };
}

interface Lane {
  readonly run: BenchRun;
  readonly work: SoakJob;
  readonly adapter: Adapter;
  readonly recorder: Recorder;
  readonly index: number;
  readonly untilMs: number;
}

/** One user after another. */
async function lane({ run, work, adapter, recorder, index, untilMs }: Lane): Promise<Chat[]> {
  const { chats: lanes, tokens, rate, graceMs } = work;
  const nominalMs = (tokens / rate) * 1_000;
  // Evenly over the length of an answer, so that as many begin as end at any moment.
  await delay((index * nominalMs) / lanes);
  const chats: Chat[] = [];
  while (performance.now() < untilMs) {
    const chat = new Chat(promptOf({ tokens, rate, tag: run.nextTag() }), tokens, recorder);
    chats.push(chat);
    const reader = adapter.say(chat);
    const overdue = setTimeout(() => chat.finish("overdue"), nominalMs + graceMs);
    await chat.ended;
    clearTimeout(overdue);
    reader.close();
  }
  return chats;
}

/** `memory_growth.<process>`: resident size late in the run to that early in it. */
export function growthOf(samples: readonly Sample[]): Metrics {
  const quarter = Math.floor(samples.length / 4);
  const [early, late] = [samples.slice(quarter, 2 * quarter), samples.slice(3 * quarter)];
  // Too short to say, or a process that was not there all the time.
  if (quarter < 2 || samples.some((sample) => Object.values(sample).includes(0))) return {};
  const names = Object.keys(samples[0] ?? {});
  const growths = names.map((name) => [name, middle(late, name) / Math.max(1, middle(early, name))] as const);
  const services = growths.filter(([name]) => !name.startsWith("redis")).map(([, growth]) => growth);
  return {
    ...Object.fromEntries(growths.map(([name, growth]) => [`memory_growth.${name}`, growth])),
    memory_growth: Math.max(0, ...services),
  };
}

function middle(samples: readonly Sample[], name: string): number {
  const sizes = samples.map((sample) => sample[name] ?? 0).toSorted((a, b) => a - b);
  return sizes[Math.floor(sizes.length / 2)] ?? 0;
}
