import { expect, it } from "@jest/globals";
import type { Row } from "../results.ts";
import type { SystemName } from "../systems/system.ts";
import { WORKLOADS } from "../workloads/workloads.ts";
import { type Goal, GOALS, judge } from "./goals.ts";

const row = (system: SystemName, x: number): Row => ({
  workload: "W1",
  system,
  metrics: { x },
  runs: 1,
  noisy: 0,
  failures: [],
});
const goal: Goal = { title: "", workload: "W1", metric: "x", unit: "ms", below: true, limit: 10, stretch: 5 };
const verdict = (changes: Partial<Goal>, ...rows: Row[]) => judge({ ...goal, ...changes }, rows).verdict;

it("at most the limit is met, at most the stretch is more, above is missed", () => {
  expect([4, 5, 6, 10, 11].map((x) => verdict({}, row("holdfast", x)))).toEqual([
    "stretch met",
    "stretch met",
    "met",
    "met",
    "missed",
  ]);
});

it("throughput counts the other way round", () => {
  expect(verdict({ below: false, stretch: 20 }, row("holdfast", 15))).toBe("met");
  expect(verdict({ below: false, stretch: 20 }, row("holdfast", 9))).toBe("missed");
});

it("a ratio needs both systems", () => {
  const rows = [row("holdfast", 12), row("naive", 10)];
  expect(judge({ ...goal, against: "naive", limit: 1.3, stretch: 1 }, rows)).toMatchObject({
    value: 1.2,
    verdict: "met",
  });
  expect(verdict({ against: "bull" }, ...rows)).toBe("not measured");
});

it("what was not measured is not met, nor is a run that failed", () => {
  expect(verdict({}, row("naive", 1))).toBe("not measured");
  expect(verdict({}, { ...row("holdfast", 1), runs: 0, metrics: {} })).toBe("not measured");
});

it("a verdict on disturbed runs alone says so", () => {
  const judged = (noisy: number) => judge(goal, [{ ...row("holdfast", 1), runs: 3, noisy }]).isDisturbed;
  expect([judged(0), judged(2), judged(3)]).toEqual([false, false, true]);
});

it("every goal names a workload", () => {
  const ids = new Set(WORKLOADS.map(({ id }) => id));
  expect(GOALS.filter(({ workload }) => !ids.has(workload))).toEqual([]);
});
