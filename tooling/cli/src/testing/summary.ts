/** The end of a test run in one line, from jest's JSON reports. */
export interface TestFile {
  /** Its path. */
  readonly name: string;
  readonly status: "passed" | "failed" | (string & {});
  /** Milliseconds since 1970. */
  readonly startTime: number;
  readonly endTime: number;
  readonly assertionResults: readonly { readonly status: string }[];
}

export interface JestReport {
  readonly testResults: readonly TestFile[];
  /** False also when no test failed: a run that was interrupted, a setup that threw. */
  readonly success: boolean;
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const failedFiles = (report: JestReport): TestFile[] =>
  report.testResults.filter(({ status }) => status === "failed");

/** The report as it is after some of its files ran again. */
export function replaceFiles(report: JestReport, again: JestReport): JestReport {
  const results = new Map(again.testResults.map((file) => [file.name, file]));
  const testResults = report.testResults.map((file) => results.get(file.name) ?? file);
  return { testResults, success: again.success && testResults.every(({ status }) => status !== "failed") };
}

/** Of one run after another. */
export function summarise(reports: readonly JestReport[]): Summary {
  const sum = (count: (report: JestReport) => number) => reports.reduce((total, report) => total + count(report), 0);
  return { passed: sum(passedTests), failed: sum(failures), skipped: sum(skippedTests) };
}

const passedTests = ({ testResults }: JestReport): number =>
  testResults.reduce((total, file) => total + withStatus(file, ["passed"]), 0);

const skippedTests = ({ testResults }: JestReport): number =>
  testResults.reduce((total, file) => total + withStatus(file, ["pending", "todo", "disabled", "skipped"]), 0);

/** A file that did not load, or failed after its last test, is a failure though none of its tests is; so is a run without success. */
function failures(report: JestReport): number {
  const files = failedFiles(report);
  const failed = files.reduce((total, file) => total + Math.max(1, withStatus(file, ["failed"])), 0);
  return failed === 0 && !report.success ? 1 : failed;
}

const withStatus = ({ assertionResults }: TestFile, statuses: readonly string[]): number =>
  assertionResults.filter(({ status }) => statuses.includes(status)).length;

export const summaryLine = ({ passed, failed, skipped }: Summary): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
