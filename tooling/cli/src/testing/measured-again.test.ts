import { expect, it } from "@jest/globals";
import { type Measuring, measuredAgain } from "./measured-again.ts";
import type { JestReport, TestFile } from "./summary.ts";

function file(name: string, status: string, startTime = 0): TestFile {
  return { name, status, startTime, endTime: startTime + 10, assertionResults: [{ status }] };
}

const report = (...testResults: TestFile[]): JestReport => ({
  testResults,
  success: testResults.every(({ status }) => status === "passed"),
});

/** A host that kept the processor until `until`, and repetitions that end as told. */
function measuringWith(until: number, ...repetitions: JestReport[]): Measuring & { ran: (readonly string[])[] } {
  const ran: (readonly string[])[] = [];
  return {
    ran,
    spoilt: (from) => from < until,
    ready: async () => undefined,
    run: async (files, time) => {
      ran.push(files);
      return repetitions[time - 1] as JestReport;
    },
    tell: () => undefined,
  };
}

it("only what failed while the host had the processor runs again", async () => {
  const first = report(file("early", "failed", 0), file("passed", "passed", 0), file("late", "failed", 500));
  const measuring = measuringWith(100, report(file("early", "passed", 600)));
  const end = await measuredAgain(first, measuring);
  expect(measuring.ran).toEqual([["early"]]);
  expect(end.testResults.map(({ name, status }) => `${name} ${status}`)).toEqual([
    "early passed",
    "passed passed",
    "late failed",
  ]);
  expect(end.success).toBe(false);
});

it("a failure on a machine that had its processor is final, also when it is a repetition", async () => {
  const measuring = measuringWith(100, report(file("early", "failed", 600)));
  expect((await measuredAgain(report(file("early", "failed", 0)), measuring)).success).toBe(false);
  expect(measuring.ran).toHaveLength(1);
});

it("nothing runs for ever on a host that never gives its processor back", async () => {
  const failed = report(file("a", "failed", 0));
  const measuring = measuringWith(Infinity, failed, failed);
  expect((await measuredAgain(failed, measuring)).success).toBe(false);
  expect(measuring.ran).toHaveLength(2);
});
