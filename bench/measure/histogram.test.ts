import { expect, it } from "@jest/globals";
import { Histogram } from "./histogram.ts";

const of = (values: Iterable<number>): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
};

it("small values are exact", () => {
  const histogram = of([1, 2, 3, 4, 50]);
  expect(histogram.summary()).toEqual({ count: 5, p50: 3, p95: 50, p99: 50, max: 50 });
});

it.each([50, 90, 95, 99, 99.9])("the %d th percentile of a wide range is at most 1.6 %% too high", (percent) => {
  const values = Array.from({ length: 100_000 }, (_, index) => (index + 1) * 37);
  const exact = values[Math.ceil((values.length * percent) / 100) - 1] ?? 0;
  const measured = of(values).percentile(percent);
  expect(measured).toBeGreaterThanOrEqual(exact);
  expect(measured / exact).toBeLessThan(1.016);
});

it("a percentile never exceeds the greatest value", () => {
  const histogram = of([1_000_001]);
  expect(histogram.percentile(99)).toBe(1_000_001);
});

it("nothing recorded is 0, and what is below 0 counts as 0", () => {
  expect(new Histogram().summary()).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  expect(of([-3]).summary()).toMatchObject({ count: 1, max: 0 });
});
