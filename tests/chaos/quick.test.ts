import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Cell, QUICK } from "./cells.ts";
import { runCell } from "./run-cells.ts";
import { Site } from "./site.ts";

/** A few cells of the kill matrix on every test run. `pnpm chaos` plays them all; the seed is fixed so that a failure comes again. */
const SEED = 2026;

let site: Site;
beforeAll(async () => {
  site = await Site.start();
}, 120_000);
afterAll(() => site.stop(), 60_000);

/** Exactness only: how long a recovery takes is measured where nothing else runs. */
async function problemsOf(role: Cell["role"], moment?: Cell["moment"]): Promise<readonly string[]> {
  const cell = QUICK.find((one) => one.role === role && (moment ?? one.moment) === one.moment);
  if (!cell) throw new Error(`no quick cell kills ${role}`);
  const { exactProblems } = await runCell(site, cell, { seed: SEED, rounds: 1 });
  return exactProblems;
}

describe("whatever is killed, the reader ends with exactly the answer", () => {
  it("[chaos.worker] the worker in the middle of its words", async () => {
    expect(await problemsOf("worker")).toEqual([]);
  }, 90_000);

  it("[chaos.zombie] a worker that stood still, was replaced and woke up", async () => {
    expect(await problemsOf("zombie")).toEqual([]);
  }, 90_000);

  it("[chaos.gateway] the gateway that the reader is connected to", async () => {
    expect(await problemsOf("gateway")).toEqual([]);
  }, 90_000);

  it("[chaos.tool-runner] the tool-runner in the middle of a call, which is not repeated", async () => {
    expect(await problemsOf("tool-runner")).toEqual([]);
  }, 90_000);

  it("[chaos.redis] Redis, with every word said and the run not ended", async () => {
    expect(await problemsOf("redis")).toEqual([]);
  }, 90_000);

  it("[chaos.approval] a worker, while a run waits for a human", async () => {
    expect(await problemsOf("worker", "approval")).toEqual([]);
  }, 90_000);

  it("[chaos.question] a gateway, while a tool's server asks a human", async () => {
    expect(await problemsOf("gateway", "question")).toEqual([]);
  }, 90_000);

  it("[chaos.pubsub] every live subscription", async () => {
    expect(await problemsOf("pubsub")).toEqual([]);
  }, 90_000);
});
