import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, it } from "@jest/globals";
import { ROOT } from "./checkout.ts";
import { currentLimits } from "./limits.ts";
import { judge, knownFindings, scan } from "./secret-findings.ts";

const finding = { file: "a.ts", rule: "rule", sha256: "1" };
const known = { ...finding, reason: "made up" };

it("a secret in a file is found", () => {
  const folder = mkdtempSync(join(ROOT, "reports-secret-"));
  try {
    // Put together here, so that this file does not hold what it looks for.
    writeFileSync(join(folder, "key.txt"), `token = ${["ghp", "x".repeat(36)].join("_")}\n`);
    expect(scan([join(relative(ROOT, folder), "key.txt")])).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("a finding that is recorded passes, any other does not", () => {
  expect(judge([finding], [known], true)).toEqual({ fresh: [], stale: [] });
  expect(judge([{ ...finding, sha256: "2" }], [known], false).fresh).toHaveLength(1);
});

it("a record without its finding must go", () => {
  expect(judge([], [known], true).stale).toEqual([known]);
  expect(judge([], [known], false).stale).toEqual([]);
});

it("the baseline is no longer than recorded, and every record has a reason", () => {
  const records = knownFindings();
  expect(records.length).toBeLessThanOrEqual(currentLimits()["known-secret-findings"] ?? 0);
  expect(records.filter(({ reason }) => !reason)).toEqual([]);
});
