import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Turn } from "../chaos/director.ts";
import { Site } from "../chaos/site.ts";
import { Talk, workSteps } from "../chaos/talk.ts";
import { judge, lostOutcomes } from "../chaos/verdict.ts";

/** A deploy: every process is asked to end (SIGTERM) and replaced, one after the other, while people talk. */
let site: Site;
beforeAll(async () => {
  site = await Site.start({ wordMs: 30 });
}, 120_000);
afterAll(() => site.stop(), 60_000);

const CONVERSATIONS = 12;
const ENDED_MS = 60_000;
/** What nobody calls an outage: readers of a gateway that leaves come back after about a second. */
const PAUSE_MS = 6_000;

/** Says something, waits for the answer, and goes on for as long as it is to. */
async function keepTalking(talk: Talk, isOver: () => boolean): Promise<void> {
  await talk.open();
  for (let turn = 0; turn === 0 || !isOver(); turn += 1) {
    const id = newUuid();
    await talk.say(new Turn(id, turn % 2 === 0 ? workSteps(id, [20, 40]) : [{ words: 60, calls: [] }]));
    await until(() => talk.hasEnded(), { timeoutMs: ENDED_MS, what: "the answer ends" });
  }
}

it("[deploy.rolling] every service is replaced under load, and nobody notices more than a pause", async () => {
  const talks = Array.from({ length: CONVERSATIONS }, (_, index) => new Talk(site, index, [], 1));
  let isOver = false;
  try {
    const talking = Promise.all(talks.map((talk) => keepTalking(talk, () => isOver)));
    const speaking = () => talks.every(({ tails }) => tails.every(({ movedAtMs }) => movedAtMs.length > 5));
    await until(speaking, { timeoutMs: ENDED_MS, what: "everybody is being answered" });
    const beganAtMs = performance.now();
    for (const app of ["worker", "tool-runner", "gateway"] as const) {
      for (const member of site.stack.members(app)) {
        const { code, signal } = await member.service.stop(40_000);
        expect([app, code, signal]).toEqual([app, 0, null]);
        await site.stack.revive(member);
      }
    }
    isOver = true;
    await talking;
    const problems = (await Promise.all(talks.map((talk) => judge(site, talk, { mayLoseOutcome: false })))).flat();
    expect([...problems, ...talks.flatMap(lostOutcomes)]).toEqual([]);
    expect(Math.max(...talks.map((talk) => talk.silenceMs(beganAtMs)))).toBeLessThan(PAUSE_MS);
  } finally {
    isOver = true;
    await Promise.all(talks.map((talk) => talk.close()));
  }
}, 240_000);
