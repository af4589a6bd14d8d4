import { expect, it } from "@jest/globals";
import { growthOf } from "./soak.ts";

const sized = (kb: (at: number) => number) =>
  Array.from({ length: 40 }, (_, at) => ({ gateway: kb(at), redis: 100 + at }));

it("finds no growth where a process reached its size at the beginning", () => {
  const { memory_growth: growth } = growthOf(sized((at) => (at < 10 ? 10 * at + 1 : 100)));
  expect(growth).toBe(1);
});

it("says nothing of a run that was too short, or in which a process ended", () => {
  expect(growthOf(sized(() => 100).slice(0, 7))).toEqual({});
  expect(growthOf(sized((at) => (at < 30 ? 100 : 0)))).toEqual({});
});

it("finds the growth of a process that takes more and more, and not that of the store", () => {
  const growth = growthOf(sized((at) => 100 + at));
  expect(growth["memory_growth"]).toBeCloseTo(135 / 115);
  expect(growth["memory_growth.redis"]).toBeCloseTo(135 / 115);
  expect(growthOf(sized(() => 100))["memory_growth"]).toBe(1);
});
