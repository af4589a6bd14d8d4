import { setTimeout as delay } from "node:timers/promises";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import type { Member } from "../e2e/stack.ts";
import { Turn } from "./director.ts";
import { Random } from "./random.ts";
import { recoveryOf } from "./report.ts";
import { isAlive, Site } from "./site.ts";
import { killMember, killPid, killRedis } from "./strikes.ts";
import { whereStuck } from "./stuck.ts";
import { Talk, workSteps } from "./talk.ts";
import { judge } from "./verdict.ts";

export interface StormSize {
  readonly seconds: number;
  readonly conversations: number;
  readonly turns: number;
}

type Blow = "worker" | "gateway" | "tool-runner" | "mcp-server" | "redis" | "zombie" | "pubsub";

/** How often each comes, of all. Redis and the gateways stop everybody, so they come less often. */
const WEIGHTS: Record<Blow, number> = {
  worker: 6,
  zombie: 4,
  "tool-runner": 3,
  "mcp-server": 3,
  pubsub: 3,
  gateway: 2,
  redis: 1,
};

const STUCK_MS = 120_000;
const LEFTOVERS_MS = 30_000;
const WORD_MS = 25;

/**
 * Users who talk for minutes while every second something is killed at random: every message must be answered once, in
 * order, and nothing may be stuck in the end. Answers whether that held.
 */
export async function runStorm(size: StormSize, seed: number, say: (line: string) => void): Promise<boolean> {
  const random = new Random(seed, "storm");
  say(
    `storm: seed ${seed}, ${size.conversations} conversations x ${size.turns} turns, a kill each second for ${size.seconds} s`,
  );
  const site = await Site.start({ count: { worker: 3 }, wordMs: WORD_MS, isModern: true });
  try {
    const talks = Array.from({ length: size.conversations }, (_, index) => talkOf(site, random, index, size.turns));
    const beganAtMs = performance.now();
    const speaking = talks.map((talk) => speak(talk, random, size.seconds * 1_000));
    const blows = await strikeEachSecond(site, random, size.seconds);
    const problems = blows.problems;
    say(`kills: ${[...blows.counts].map(([blow, count]) => `${blow} ${count}`).join(", ")}`);
    const calmAtMs = performance.now();
    await Promise.race([Promise.all(speaking), delay(STUCK_MS, undefined, { ref: false })]);
    const ended = () => talks.filter((talk) => talk.hasEnded()).length;
    await until(() => ended() === talks.length, { timeoutMs: STUCK_MS, intervalMs: 50, what: "every run ends" }).catch(
      () => problems.push(`stuck: ${talks.length - ended()} conversations ${STUCK_MS} ms after the last kill`),
    );
    const stuck = talks.filter((talk) => !talk.hasEnded());
    if (stuck.length > 0) for (const line of await whereStuck(site, stuck)) say(`    ${line}`);
    say(`all quiet ${Math.round(performance.now() - calmAtMs)} ms after the last kill`);
    problems.push(...(await judgeAll(site, talks)));
    say(summaryOf(talks, beganAtMs));
    for (const problem of problems.slice(0, 40)) say(`    ${problem}`);
    say(problems.length === 0 ? "every message answered once and in order" : `NOT EXACT: ${problems.length} problems`);
    await Promise.all(talks.map((talk) => talk.close()));
    return problems.length === 0;
  } finally {
    await site.stop();
  }
}

function talkOf(site: Site, random: Random, index: number, turns: number): Talk {
  const script = Array.from({ length: turns }, () => {
    const id = newUuid();
    const words = [random.between(5, 20), random.between(10, 40)] as const;
    if (random.chance(0.3)) return new Turn(id, workSteps(id, words, { asks: random.chance(0.5) }));
    return new Turn(id, [{ words: random.between(15, 60), calls: [] }]);
  });
  return new Talk(site, index, script, 1);
}

/** Some users wait for each answer before they go on, others say everything at once. */
async function speak(talk: Talk, random: Random, spanMs: number): Promise<void> {
  const isPatient = random.chance(0.6);
  const beginMs = random.between(0, Math.round(spanMs * 0.6));
  const thinkMs = random.between(500, Math.round(spanMs * 0.08));
  await delay(beginMs);
  const answerMs = random.between(100, 2_000);
  await talk.open();
  const answering = answer(talk, answerMs);
  for (const turn of talk.turns) {
    await talk.send(turn);
    if (!isPatient) continue;
    await until(() => talk.tails.every(({ reader }) => reader.hasEnded([turn.messageId])), {
      timeoutMs: spanMs + STUCK_MS,
      intervalMs: 50,
      what: "the answer ends",
    });
    await delay(thinkMs);
  }
  await answering;
}

/** What a call wants to know is answered after a while, if it is not over by then. */
async function answer(talk: Talk, thinkMs: number): Promise<void> {
  while (!talk.hasEnded()) {
    await delay(thinkMs, undefined, { ref: false });
    await talk.fillIn(true, true);
  }
}

interface Blows {
  readonly counts: Map<Blow, number>;
  readonly problems: string[];
}

async function strikeEachSecond(site: Site, random: Random, seconds: number): Promise<Blows> {
  const counts = new Map<Blow, number>();
  const problems: string[] = [];
  const healing: Promise<unknown>[] = [];
  const down = new Set<unknown>();
  for (let second = 0; second < seconds; second += 1) {
    await delay(1_000);
    const { blow, heal } = await strike(site, random, down);
    counts.set(blow, (counts.get(blow) ?? 0) + 1);
    healing.push(heal().catch((error: unknown) => problems.push(`${blow} did not come back: ${String(error)}`)));
  }
  await Promise.all(healing);
  return { counts, problems };
}

/** `down` holds who is being started again: nobody is killed twice at once. */
async function strike(site: Site, random: Random, down: Set<unknown>): Promise<{ blow: Blow; heal(): Promise<void> }> {
  const wheel = Object.entries(WEIGHTS).flatMap(([blow, weight]) => Array.from({ length: weight }, () => blow as Blow));
  const blow = random.pick(wheel);
  const app = blow === "zombie" ? "worker" : blow === "mcp-server" ? "tool-runner" : blow;
  const restartMs = random.between(200, 1_500);
  const place = random.next();
  if (app === "pubsub") {
    await site.eyes.dropPubSub();
    return { blow, heal: () => Promise.resolve() };
  }
  const up = app === "redis" ? [] : site.stack.members(app).filter((member) => !down.has(member));
  const victim = app === "redis" ? "redis" : up[Math.floor(place * up.length)];
  if (victim === undefined || down.has(victim)) return strike(site, random, down);
  down.add(victim);
  const heal = await hit(site, blow, victim, restartMs);
  return {
    blow,
    async heal() {
      await heal();
      down.delete(victim);
    },
  };
}

async function hit(site: Site, blow: Blow, victim: Member | "redis", restartMs: number): Promise<() => Promise<void>> {
  if (victim === "redis") return (await killRedis(site, restartMs)).heal;
  if (blow === "mcp-server") {
    const pid = site.ledgerServerOf(victim);
    return isAlive(pid) ? (await killPid(pid)).heal : () => Promise.resolve();
  }
  if (blow !== "zombie") return killMember(site, victim, restartMs).heal;
  victim.service.kill("SIGSTOP");
  return async () => {
    // Longer than its liveness lasts, so that it wakes up robbed.
    await delay(3_000 + restartMs);
    victim.service.kill("SIGCONT");
  };
}

async function judgeAll(site: Site, talks: readonly Talk[]): Promise<string[]> {
  const problems: string[] = [];
  for (const talk of talks) problems.push(...(await judge(site, talk, { mayLoseOutcome: true, mayAskNobody: true })));
  let left: string[] = [];
  const isClean = async (): Promise<boolean> => {
    left = await site.eyes.leftovers();
    return left.length === 0;
  };
  await until(isClean, { timeoutMs: LEFTOVERS_MS, intervalMs: 100, what: "nothing is left" }).catch(() =>
    problems.push(`left behind: ${left.join(", ")}`),
  );
  return problems;
}

function summaryOf(talks: readonly Talk[], sinceMs: number): string {
  const runs = talks.flatMap(({ tails }) => [...(tails[0]?.reader.runs.values() ?? [])]);
  const takeovers = runs.reduce((sum, run) => sum + run.takeovers, 0);
  const lost = runs.flatMap((run) => [...run.calls.values()]).filter(({ statuses }) => statuses.at(-1) !== "completed");
  const connections = talks.flatMap(({ tails }) => tails).reduce((sum, tail) => sum + tail.connections, 0);
  const statuses = new Map<string, number>();
  for (const { status } of runs) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const counted = [...statuses].map(([status, count]) => `${count} ${status}`).join(", ");
  const silences = talks.map((talk) => talk.silenceMs(sinceMs));
  return `${runs.length} runs (${counted}), ${takeovers} takeovers, ${lost.length} tool calls not completed, ${connections} connections; longest silence p50/p95/max ${recoveryOf(silences)} s (with the users' own pauses)`;
}
