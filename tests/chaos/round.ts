import { writeFileSync } from "node:fs";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { type Cell, idOf, mayLoseOutcome } from "./cells.ts";
import { Turn } from "./director.ts";
import { moments, type Scene, whenSent } from "./moments.ts";
import { Random } from "./random.ts";
import type { Site } from "./site.ts";
import { aims, type Blow } from "./strikes.ts";
import { Talk, workSteps } from "./talk.ts";
import { expectationOf, judge, lostOutcomes } from "./verdict.ts";

export interface RoundResult {
  readonly problems: readonly string[];
  /** Longest silence of each conversation that was hit, in milliseconds. */
  readonly silencesMs: readonly number[];
  /** Whose silence was the longest. */
  readonly slowest?: string;
  readonly victim: string;
  readonly resets: number;
}

/** Far beyond every bound: whoever has not ended by then is stuck. */
const STUCK_MS = 45_000;
const LEFTOVERS_MS = 25_000;

/** One strike at one moment, and the judgement of everything it left behind. */
export async function runRound(site: Site, cell: Cell, seed: number, round: number): Promise<RoundResult> {
  const scene = sceneOf(site, cell, new Random(seed, idOf(cell), round));
  const isDeath = cell.role === "worker" || cell.role === "zombie" || cell.role === "tool-runner";
  if (isDeath) await site.rested();
  await Promise.all(scene.talks.map((talk) => talk.open()));
  const moment = moments[cell.moment];
  let blow: Blow | undefined;
  const isAimedLate = cell.role === "tool-runner" || cell.role === "mcp-server";
  await moment.reach(scene, async () => {
    if (!isAimedLate) blow = await aims[cell.role](scene);
  });
  blow ??= await aims[cell.role](scene);
  const strike = await blow();
  moment.release(scene);
  const problems: string[] = [];
  const healed = strike.heal().catch((error: unknown) => problems.push(`not healed: ${String(error)}`));
  const hasEnded = () => scene.talks.every((talk) => talk.hasEnded());
  await until(hasEnded, { timeoutMs: STUCK_MS, what: "every run ends" }).catch(() =>
    problems.push(`stuck: ${scene.talks.filter((talk) => !talk.hasEnded()).length} conversations after ${STUCK_MS} ms`),
  );
  await Promise.all([healed, whenSent(scene).catch((error: unknown) => problems.push(`not sent: ${String(error)}`))]);
  await site.settle();
  problems.push(...(await judgeAll(scene, cell)));
  await Promise.all(scene.talks.map((talk) => talk.close()));
  const resets = scene.talks.flatMap(({ tails }) => tails).reduce((sum, { reader }) => sum + reader.resets, 0);
  const slowest = scene.talks.toSorted((a, b) => b.silenceMs(strike.atMs) - a.silenceMs(strike.atMs))[0]?.id ?? "";
  return { problems, silencesMs: silencesOf(scene, cell, strike.atMs), slowest, victim: strike.victim, resets };
}

function sceneOf(site: Site, cell: Cell, random: Random): Scene {
  const step = random.pick([0, 1] as const);
  const gatePath = cell.moment === "during-tool" ? site.file(`gate-${newUuid()}`) : "";
  const agent = cell.moment === "approval" ? "careful" : "assistant";
  const talks = Array.from({ length: cell.conversations }, (_, index) => {
    const [work, chat] = [newUuid(), newUuid()];
    const turns = [
      new Turn(work, workSteps(work, step === 0 ? [60, 20] : [12, 60], { gatePath, asks: cell.moment === "question" })),
      new Turn(chat, [{ words: 15, calls: [] }]),
    ];
    // A conversation alone has a reader at each gateway.
    return new Talk(site, index + random.between(0, 1), turns, cell.conversations === 1 ? 2 : 1, agent);
  });
  const isByHand = cell.moment === "accept" && (cell.role === "worker" || cell.role === "zombie");
  const mayExpire = mayLoseOutcome(cell);
  return { site, random, talks, focus: random.pick(talks), step, gatePath, isByHand, mayExpire };
}

async function judgeAll({ site, talks }: Scene, cell: Cell): Promise<string[]> {
  const expectation = expectationOf(cell);
  const problems = (await Promise.all(talks.map((talk) => judge(site, talk, expectation)))).flat();
  if (!expectation.mayLoseOutcome) problems.push(...talks.flatMap(lostOutcomes));
  let left: string[] = [];
  const isClean = async (): Promise<boolean> => {
    left = await site.eyes.leftovers();
    return left.length === 0;
  };
  await until(isClean, { timeoutMs: LEFTOVERS_MS, intervalMs: 50, what: "nothing is left" }).catch(() =>
    problems.push(`left behind after ${LEFTOVERS_MS} ms: ${left.join(", ")}`),
  );
  return problems;
}

/** Of a worker's death only the conversations count that had to be taken over; of others all, for all may be hit. */
function silencesOf({ talks }: Scene, cell: Cell, atMs: number): number[] {
  const isWorkers = cell.role === "worker" || cell.role === "zombie";
  const taken = isWorkers ? talks.filter((talk) => talk.wasTakenOver()) : [];
  return (taken.length > 0 ? taken : talks).map((talk) => talk.silenceMs(atMs));
}

/** Everything that helps to understand a round that went wrong. */
export async function writeEvidence(site: Site, path: string, result: RoundResult, cell: Cell): Promise<void> {
  const streams: Record<string, unknown> = {};
  const named = result.problems.flatMap((problem) => /^conversation (\S+):/.exec(problem)?.[1] ?? []);
  for (const id of new Set([...named, result.slowest ?? ""])) streams[id] = await site.eyes.entries(`stream:${id}`);
  const logs = site.stack.services.flatMap((service) =>
    service.logs
      .map((line) => ({ pid: service.pid, ...line }))
      .concat(...service.output.map((line) => ({ pid: service.pid, line }) as never)),
  );
  logs.sort((a, b) => String(a.timestamp).localeCompare(String(b.timestamp)));
  writeFileSync(path, JSON.stringify({ cell, ...result, streams, logs }, null, 1));
}
