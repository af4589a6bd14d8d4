import { afterEach, describe, expect, it, jest } from "@jest/globals";
import type { OnBusy } from "@holdfast/protocol";
import fc from "fast-check";
import { busLab } from "../test-lab/bus-lab.ts";
import { AGENTS, ENDINGS, openPool, TurnsWorld } from "./turns-world.ts";

jest.setTimeout(60_000);

const lab = busLab();
afterEach(() => lab.raw.flushall());

type Act = (world: TurnsWorld) => Promise<void>;
/** Named in a counterexample. */
const act = (name: string, does: Act) => Object.assign(does, { toString: () => name });

const worker = fc.nat({ max: 2 });
const agent = fc.oneof(
  { weight: 5, arbitrary: fc.constant(AGENTS[0]) },
  { weight: 1, arbitrary: fc.constant(AGENTS[1]) },
);
const onBusy = fc.constantFrom<OnBusy>("enqueue", "enqueue", "steer", "steer", "steer", "interrupt", "reject");
const ending = fc.constantFrom(...ENDINGS);
const weighted = (weight: number, arbitrary: fc.Arbitrary<Act>) => ({ weight, arbitrary });

const anAct = fc.oneof(
  weighted(
    6,
    fc.tuple(onBusy, agent).map(([how, of]) => act(`accept ${how} ${of}`, (world) => world.accept(how, of))),
  ),
  weighted(
    1,
    fc
      .tuple(fc.nat(), fc.boolean())
      .map(([pick, bare]) => act(`resend ${pick} ${bare}`, (world) => world.resend(pick, bare))),
  ),
  weighted(
    6,
    fc.tuple(worker, agent).map(([at, of]) => act(`claim ${at} ${of}`, (world) => world.claim(at, of))),
  ),
  weighted(
    3,
    fc.integer({ min: 1, max: 2 }).map((count) => act(`park ${count}`, (world) => world.park(count))),
  ),
  weighted(
    4,
    fc
      .tuple(fc.nat(), fc.constantFrom("approve", "reject"))
      .map(([pick, decision]) => act(`${decision} ${pick}`, (world) => world.decide(pick, decision))),
  ),
  weighted(2, fc.constant(act("step", (world) => world.beginStep()))),
  weighted(
    3,
    ending.map((how) => act(how, (world) => world.finish(how))),
  ),
  weighted(
    1,
    fc.boolean().map((isFailure) => act(`give back ${isFailure}`, (world) => world.giveBack(isFailure))),
  ),
  weighted(
    2,
    worker.map((at) => act(`die ${at}`, (world) => world.die(at))),
  ),
  weighted(
    2,
    fc.nat().map((pick) => act(`cancel ${pick}`, (world) => world.cancel(pick))),
  ),
  weighted(
    2,
    fc.nat().map((pick) => act(`haunt ${pick}`, (world) => world.haunt(pick))),
  ),
);

describe("any interleaving of accepts, claims, steps, questions, decisions, ends, cancels and deaths", () => {
  it("[turns.model] agrees with a simple model: every message is answered once, in order, by one owner, and nothing stays behind", async () => {
    const pool = openPool(lab);
    const anyInterleaving = fc.asyncProperty(fc.array(anAct, { minLength: 10, maxLength: 60 }), async (acts) => {
      const world = new TurnsWorld(lab, pool);
      await world.open();
      for (const does of acts) await does(world);
      await world.settle();
    });
    await expect(fc.assert(anyInterleaving, { numRuns: 60, interruptAfterTimeLimit: 8_000 })).resolves.toBeUndefined();
  });
});
