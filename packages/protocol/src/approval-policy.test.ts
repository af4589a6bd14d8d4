import { expect, it } from "@jest/globals";
import { needsApproval } from "./approval-policy.ts";
import type { ApprovalRule } from "./config.ts";

const tool = (name: string, read_only?: boolean) => ({ toolset: name.split("__")[0] ?? "", name, read_only });

it("[approval.policy] lets an exact name beat the longest glob, and that the toolset", () => {
  const rules: Record<string, ApprovalRule> = {
    files: "always",
    "files__*": "never",
    "files__write*": "always",
    files__write_log: "never",
  };
  expect(needsApproval(tool("files__write_log"), rules)).toBe(false);
  expect(needsApproval(tool("files__write_file"), rules)).toBe(true);
  expect(needsApproval(tool("files__read"), rules)).toBe(false);
  expect(needsApproval(tool("files__read"), { files: "always" })).toBe(true);
});

it("[approval.policy] takes globs for toolsets too", () => {
  expect(needsApproval(tool("files__write"), { "*": "never" })).toBe(false);
  // A name that had to be changed for the model no longer begins with its server's.
  const renamed = { toolset: "my.files", name: "my_files__write_1234abcd" };
  expect(needsApproval(renamed, { "my.*": "never" })).toBe(false);
});

it("[approval.policy] asks on_write unless a trusted server calls the tool read-only", () => {
  expect(needsApproval(tool("files__read", true), { files: "on_write" })).toBe(false);
  expect(needsApproval(tool("files__read", false), { files: "on_write" })).toBe(true);
  expect(needsApproval(tool("files__read"), { files: "on_write" })).toBe(true);
});

it("[approval.policy] asks for every tool without a rule that no trusted server calls read-only", () => {
  expect(needsApproval(tool("files__read"), { terminal: "never" })).toBe(true);
  expect(needsApproval(tool("files__read", true), {})).toBe(false);
  expect(needsApproval(tool("toString"), {})).toBe(true);
});
