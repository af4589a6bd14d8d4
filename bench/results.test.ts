import { expect, it } from "@jest/globals";
import { type CellResult, failed, measured, median, summarize } from "./results.ts";
import type { Cell } from "./workloads/plan.ts";
import { WORKLOADS } from "./workloads/workloads.ts";

const cell = { workload: WORKLOADS.find(({ id }) => id === "W1"), system: "naive", rep: 1 } as Cell;
const of = (...runs: Record<string, number>[]): CellResult[] => runs.map((metrics) => measured(cell, metrics));

it("the median is the middle value, or between the two in the middle", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, 0]);
});

it("a run beside which something else worked is left out of the medians", () => {
  const results = of({ x: 1, others_cores: 0.1 }, { x: 90, others_cores: 0.31 }, { x: 3, others_cores: 0.3 });
  expect(summarize(results)).toMatchObject([{ runs: 3, noisy: 1, metrics: { x: 2 } }]);
});

it("where no run was quiet the medians are of the noisy ones, and it shows", () => {
  const results = of({ x: 1, others_cores: 1 }, { x: 3, others_cores: 1 });
  expect(summarize(results)).toMatchObject([{ runs: 2, noisy: 2, metrics: { x: 2 } }]);
});

it("what was lost in any run, quiet or not, is counted", () => {
  const results = of({ lost: 0, others_cores: 0 }, { lost: 0, others_cores: 0 }, { lost: 7, others_cores: 2 });
  expect(summarize(results)[0]?.metrics["lost"]).toBe(7);
});

it("a run that failed is told, and does not count", () => {
  const [row] = summarize([...of({ x: 1 }), failed(cell, new Error("no Redis"))]);
  expect(row).toMatchObject({ runs: 1, failures: ["no Redis"], metrics: { x: 1 } });
});
