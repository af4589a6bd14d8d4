import type { ApprovalRule } from "@holdfast/protocol";
import { expect, it } from "@jest/globals";
import { needsApproval } from "./approval-policy.ts";
import type { OfferedTool } from "./toolbox.ts";

const tool = (name: string, read_only?: boolean): OfferedTool => ({
  toolset: name.split("__")[0] ?? "",
  tool: {
    name,
    own_name: name,
    description: "",
    input_schema: {},
    timeout_ms: 1,
    definition_sha256: name,
    ...(read_only === undefined ? {} : { read_only }),
  },
});

it("lets an exact name beat the longest glob, and that the toolset", () => {
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

it("asks on_write unless a trusted server calls the tool read-only", () => {
  expect(needsApproval(tool("files__read", true), { files: "on_write" })).toBe(false);
  expect(needsApproval(tool("files__read", false), { files: "on_write" })).toBe(true);
  expect(needsApproval(tool("files__read"), { files: "on_write" })).toBe(true);
});

it("lets a tool without a rule run", () => {
  expect(needsApproval(tool("files__read"), { terminal: "always" })).toBe(false);
});
