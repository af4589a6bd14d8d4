import { expect, it } from "@jest/globals";
import { summarise, summaryLine } from "./summary.ts";

const report = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

it("a clean run is counted in one line", () => {
  expect(summaryLine(summarise([report]))).toBe("5 passed, 0 failed");
});

it("a file that does not load counts as a failure, though it ran no test", () => {
  expect(summaryLine(summarise([{ ...report, numRuntimeErrorTestSuites: 1 }]))).toBe("5 passed, 1 failed");
});

it("skipped tests are named", () => {
  expect(summaryLine(summarise([{ ...report, numPendingTests: 1, numTodoTests: 1 }]))).toBe(
    "5 passed, 0 failed, 2 skipped",
  );
});

it("several runs are counted as one", () => {
  expect(summaryLine(summarise([report, { ...report, numFailedTests: 2 }]))).toBe("10 passed, 2 failed");
});
