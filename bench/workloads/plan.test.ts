import { expect, it } from "@jest/globals";
import { planOf } from "./plan.ts";
import { WORKLOADS } from "./workloads.ts";

const named = (...ids: string[]) => WORKLOADS.filter(({ id }) => ids.includes(id));
const summary = (...args: Parameters<typeof planOf>): string[] =>
  planOf(...args).map(({ workload, system, rep }) => `${workload.id} ${system} ${rep}`);

it("systems take turns within a workload", () => {
  expect(summary(named("W1", "fan-out"), ["direct", "naive", "holdfast"], 2, false)).toEqual([
    "W1 direct 1",
    "W1 naive 1",
    "W1 holdfast 1",
    "W1 direct 2",
    "W1 naive 2",
    "W1 holdfast 2",
    "fan-out holdfast 1",
    "fan-out holdfast 2",
  ]);
});

it("in a quick run a system does all its work before the next", () => {
  expect(summary(named("W1", "fan-out"), ["naive", "bull"], 1, true)).toEqual([
    "W1 naive 1",
    "W1 bull 1",
    "fan-out bull 1",
  ]);
});

it("every workload has a name of its own and a system that takes part", () => {
  expect(new Set(WORKLOADS.map(({ id }) => id)).size).toBe(WORKLOADS.length);
  expect(WORKLOADS.filter(({ systems }) => !systems.includes("holdfast"))).toEqual([]);
});
