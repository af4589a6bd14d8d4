import { expect, it } from "@jest/globals";
import { readOptions } from "./options.ts";

const idsOf = (...args: string[]): string[] => readOptions(args).workloads.map(({ id }) => id);

it("without arguments everything is measured three times", () => {
  expect(readOptions([])).toMatchObject({ reps: 3, isQuick: false, systems: ["direct", "naive", "bull", "holdfast"] });
});

it("a quick run measures W1, W2 at 200, W3 and the kill once", () => {
  expect(idsOf("--quick")).toEqual(["W1", "W2-200", "W3", "kill"]);
  expect(readOptions(["--quick"]).reps).toBe(1);
});

it("what takes very long is measured only where it is named", () => {
  expect(idsOf()).not.toContain("soak");
  expect(idsOf("--only", "soak")).toEqual(["soak"]);
});

it("the beginning of a name selects all that begin so", () => {
  expect(idsOf("--only", "w1,W2")).toEqual(["W1", "W2-200", "W2-500", "W2-1000"]);
});

it("systems are measured in one order, however they were named", () => {
  expect(readOptions(["--systems", "holdfast,naive"]).systems).toEqual(["naive", "holdfast"]);
});

it.each([
  ["--only", "W9"],
  ["--systems", "mastra"],
  ["--reps", "0"],
  ["--scale", "2"],
])("%s %s is refused", (...args) => {
  expect(() => readOptions(args)).toThrow(TypeError);
});
