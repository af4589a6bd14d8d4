import { expect, it } from "@jest/globals";
import { machineTicks, processTicks, residentKb } from "./proc.ts";

const STAT =
  "9391 (odd) name) (x) R 9384 9384 3862 0 -1 4194304 105 0 0 0 11 7 5 3 20 0 1 0 1621558 2998272 395 18446744073709551615";

it("a process has its own ticks and those of its ended children, whatever its name", () => {
  expect(processTicks(STAT)).toEqual({ own: 11 + 7, children: 5 + 3 });
});

it("a process that has ended has none", () => {
  expect(processTicks("")).toEqual({ own: 0, children: 0 });
});

it("the machine is busy with user, nice and system time; stolen time is told apart", () => {
  const text = "cpu  1656957 95659 297919 827578 5126 1 12616 376051 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n";
  expect(machineTicks(text)).toEqual({ busy: 1656957 + 95659 + 297919, stolen: 376051 });
});

it("resident memory is read in kB, and 0 for a process that has ended", () => {
  expect(residentKb("Name:\tnode\nVmHWM:\t  70000 kB\nVmRSS:\t   65432 kB\n")).toBe(65_432);
  expect(residentKb("Name:\tnode\nState:\tZ (zombie)\n")).toBe(0);
});
