import { expect, it } from "@jest/globals";
import { type JestReport, replaceFiles, summarise, summaryLine, type TestFile } from "./summary.ts";

function file(name: string, ...statuses: string[]): TestFile {
  const status = statuses.includes("failed") ? "failed" : "passed";
  return { name, status, startTime: 0, endTime: 1, assertionResults: statuses.map((each) => ({ status: each })) };
}

const report = (...testResults: TestFile[]): JestReport => ({
  testResults,
  success: testResults.every(({ status }) => status === "passed"),
});

const five = report(file("a", "passed", "passed"), file("b", "passed", "passed", "passed"));

it("a clean run is counted in one line", () => {
  expect(summaryLine(summarise([five]))).toBe("5 passed, 0 failed");
});

it("a file that does not load counts as a failure, though it ran no test", () => {
  expect(summaryLine(summarise([report(file("a", "passed"), { ...file("b"), status: "failed" })]))).toBe(
    "1 passed, 1 failed",
  );
});

it("a run that did not succeed counts as a failure, though no test failed", () => {
  expect(summaryLine(summarise([{ ...five, success: false }]))).toBe("5 passed, 1 failed");
});

it("skipped tests are named", () => {
  expect(summaryLine(summarise([report(file("a", "passed", "pending", "todo"))]))).toBe(
    "1 passed, 0 failed, 2 skipped",
  );
});

it("several runs are counted as one", () => {
  expect(summaryLine(summarise([five, report(file("c", "failed", "failed"))]))).toBe("5 passed, 2 failed");
});

it("a file that ran again counts as it ended", () => {
  const first = report(file("a", "passed"), file("b", "failed", "failed"));
  expect(summarise([replaceFiles(first, report(file("b", "passed", "failed")))])).toMatchObject({
    passed: 2,
    failed: 1,
  });
  expect(summarise([replaceFiles(first, report(file("b", "passed", "passed")))])).toMatchObject({
    passed: 3,
    failed: 0,
  });
});
