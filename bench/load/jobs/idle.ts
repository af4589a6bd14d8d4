import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { residentMemory } from "../../measure/meter.ts";
import { promptOf } from "../../model/ask.ts";
import type { Reader } from "../adapters/adapter.ts";
import { atMost } from "../at-most.ts";
import type { BenchRun } from "../bench-run.ts";
import { Chat } from "../chat.ts";
import type { IdleJob, JobResult, Metrics } from "../job.ts";
import { damageOf, noiseMetrics, phase } from "../metrics.ts";
import { measureChats } from "./chats.ts";

/** Opened at once at most. */
const LANES = 64;
/** What users who come meanwhile get. */
const VISITORS = { kind: "chats", chats: 50, rate: 20, tokens: 20, rampMs: 1_000, graceMs: 20_000 } as const;
/** Beyond the connections. */
const SPARE_FILES = 500;
const OPENING_MS = 180_000;
/** Says one token and pauses longer than this takes. */
const PAUSING = { tokens: 2, rate: 0.005 };

/** Memory per connection is an upper bound: what opening it left to the garbage collector is in it. */
export async function measureIdle(run: BenchRun, work: IdleJob): Promise<JobResult> {
  const { processes } = run.job;
  requireFiles(work.connections + SPARE_FILES);
  const open = work.hasRunBehind ? openAnswers : openConversations;
  const { begin } = await open(run, work.connections);
  await delay(work.settleMs);
  const before = residentMemory(processes);
  const readers = await inTime(begin());
  await delay(work.settleMs);
  const meter = run.meter();
  await delay(work.settleMs);
  const usage = meter.stop();
  const after = residentMemory(processes);
  const grown = Object.keys(processes).map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const);
  const each = Object.fromEntries(grown.map(([name, kb]) => [`idle_kb.${name}`, kb / work.connections]));
  const visitors = await measureChats(run, VISITORS);
  for (const reader of readers) reader.close();
  const metrics: Metrics = {
    connections: work.connections,
    idle_kb: grown.reduce((sum, [, kb]) => sum + kb, 0) / work.connections,
    ...each,
    idle_cores: usage.cpuUs / usage.wallUs,
    ...noiseMetrics(usage),
    ...damageOf(visitors.metrics),
    ...phase("visitors", visitors.metrics),
  };
  return { metrics };
}

/** Throws where the machine does not allow a process so many connections. Node takes what the hard limit gives. */
function requireFiles(count: number): void {
  const [, hard] = /^Max open files +\S+ +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
  if (hard !== undefined && Number(hard) < count) throw new Error(`needs ulimit -Hn of at least ${count}, not ${hard}`);
}

async function inTime(opening: Promise<Reader[]>): Promise<Reader[]> {
  const late = delay(OPENING_MS).then(() => {
    throw new Error(`the connections were not all open after ${OPENING_MS} ms`);
  });
  return Promise.race([opening, late]);
}

interface Opening {
  /** Opens all connections; resolves when all are open. */
  begin(): Promise<Reader[]>;
}

async function openConversations(run: BenchRun, count: number): Promise<Opening> {
  const { recorder, shared } = run.sharedPhase();
  const ids = Array.from({ length: count }, () => randomUUID());
  await atMost(LANES, ids, (id) => shared.create(id));
  const nobody = new Chat("", 0, recorder);
  const follow = (id: string): Promise<Reader> =>
    new Promise((resolve) => {
      const reader = shared.follow(id, { chat: () => nobody, onOpen: () => resolve(reader) });
    });
  return { begin: () => atMost(LANES, ids, follow) };
}

async function openAnswers(run: BenchRun, count: number): Promise<Opening> {
  const { recorder, adapter } = run.phase();
  const speaks = async (): Promise<Reader> => {
    const chat = new Chat(promptOf({ ...PAUSING, tag: run.nextTag() }), PAUSING.tokens, recorder);
    const before = recorder.tokens;
    const reader = adapter.say(chat);
    while (recorder.tokens === before && chat.end === undefined) await delay(1);
    return reader;
  };
  return { begin: () => atMost(LANES, Array.from({ length: count }), speaks) };
}
