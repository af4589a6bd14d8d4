import { expect, it } from "@jest/globals";
import { HostTime, parseTicks, stolenShares, type Ticks } from "./host-time.ts";

/** A sample each second; of the 100 ticks that were wanted in it the host kept some. */
function samplesOf(stolen: readonly number[]): Ticks[] {
  let last: Ticks = { at: 0, busy: 5_000, stolen: 900 };
  return [last, ...stolen.map((part) => (last = next(last, part)))];
}

const next = ({ at, busy, stolen }: Ticks, part: number): Ticks => ({
  at: at + 1_000,
  busy: busy + 100 - part,
  stolen: stolen + part,
});

it("the kernel's line is read by its columns", () => {
  expect(parseTicks("cpu  10 20 30 4000 50 6 7 80 0 0\ncpu0 1 2 3\n", 5)).toEqual({ at: 5, busy: 73, stolen: 80 });
});

it("what a host kept counts only for the time asked about, overall and at its worst", () => {
  const samples = samplesOf([0, 0, 0, 0, 0, 0, 0, 0, 90, 90, 90, 90, 0, 0, 0, 0]);
  expect(stolenShares(samples, 0, 6_000)).toEqual({ overall: 0, worst: 0 });
  expect(stolenShares(samples, 0, 16_000)).toEqual({ overall: 360 / 1_600, worst: 0.9 });
});

it("nothing is stolen where nobody tells", () => {
  expect(stolenShares([], 0, 1_000)).toEqual({ overall: 0, worst: 0 });
});

it("a machine that has just begun to look says nothing bad about itself", () => {
  const host = new HostTime();
  host.start();
  expect(host.spoilt(Date.now() - 10, Date.now())).toBe(false);
  host.stop();
});
