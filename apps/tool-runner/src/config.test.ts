import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "./config.ts";

const AGENT = "agents: { assistant: { model: m } }\n";
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function minTierOf(terminal: string, env: Record<string, string>): string {
  const path = join(folder, "holdfast.yaml");
  writeFileSync(path, AGENT + terminal);
  return readConfig({ HOLDFAST_CONFIG: path, ...env }).minTier;
}

it("[terminal.min-tier] wants a kernel sandbox in production unless the file says otherwise", () => {
  expect(minTierOf("", { NODE_ENV: "production" })).toBe("T2");
  expect(minTierOf("terminal: { min_tier: T1 }", { NODE_ENV: "production" })).toBe("T1");
  expect(minTierOf("", {})).toBe("T0");
  expect(minTierOf("terminal: { min_tier: T3 }", {})).toBe("T3");
});
