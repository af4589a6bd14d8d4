import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { POLICY, TerminalBench } from "../terminal/fixture/terminal-bench.ts";
import type { TerminalOptions } from "../terminal/terminal.ts";
import { TerminalExecutor } from "./terminal-executor.ts";

let bench: TerminalBench;
beforeEach(() => {
  bench = new TerminalBench();
});
afterEach(() => bench.close());

async function definitionOf(options: Partial<TerminalOptions>): Promise<string | undefined> {
  const terminal = await bench.open({ tier: "T0", ...options });
  const [toolset] = new TerminalExecutor(terminal, 20_000).toolsets();
  return toolset?.tools[0]?.definition_sha256;
}

it("[approval.hosts] offers the same terminal wherever the host keeps its commands, also where one is missing", async () => {
  const here = await definitionOf({ directories: ["/usr/bin"] });
  expect(here).toMatch(/^[0-9a-f]{64}$/);
  expect(await definitionOf({ directories: ["/bin"] })).toBe(here);
  expect(await definitionOf({ directories: [bench.base] })).toBe(here);
});

it("[approval.hosts] offers another terminal where the policy is another", async () => {
  const policies = [
    POLICY,
    { ...POLICY, allow: [...POLICY.allow, "wc"] },
    { ...POLICY, timeoutMs: 10_000 },
    { ...POLICY, outputCapBytes: 1_000 },
    { ...POLICY, envAllow: ["APP_MODE"] },
    { ...POLICY, limits: { ...POLICY.limits, openFiles: 64 } },
  ];
  const definitions = await Promise.all(policies.map((policy) => definitionOf({ policy })));
  expect(new Set(definitions).size).toBe(policies.length);
  const reordered = { ...POLICY, allow: POLICY.allow.toReversed() };
  expect(await definitionOf({ policy: reordered })).toBe(definitions[0]);
});
