/** How a command is said to have ended, at the sandboxes that this machine offers. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute } from "./execute.ts";
import { CARELESS_POLICY } from "./proof/suite.ts";
import { prepare, type Setup } from "./setup.ts";
import type { Tier } from "./tier.ts";

describe.each(["T2", "T3"] as const)("a command at %s", (tier: Tier) => {
  let setup: Setup | null;
  let whyNot: unknown;
  let root: string;

  beforeAll(async () => {
    const prepared = await prepare({ policy: CARELESS_POLICY, tier, hostEnvironment: {}, warn: () => {} });
    ({ setup } = prepared);
    whyNot = prepared.verdicts[tier];
    root = mkdtempSync(join(tmpdir(), "holdfast-endings-"));
    if (setup?.identity) chownSync(root, setup.identity.uid, setup.identity.gid);
  });
  afterAll(async () => {
    await setup?.homes.close();
    rmSync(root, { recursive: true, force: true });
  });

  const ending = async (script: string) => {
    // What is not to be had here says why.
    if (!setup) return whyNot;
    const { outcome, exitCode, signal } = await execute(
      { request: { argv: ["bash", "-c", script] }, root, timeoutMs: 20_000 },
      setup,
    );
    return `${outcome} ${signal ?? exitCode}`;
  };

  it.each([
    ["exit 0", "exited 0"],
    ["exit 1", "exited 1"],
    ["exit 127", "exited 127"],
    ["exit 129", "exited 129"],
    ["exit 137", "exited 137"],
    ["exit 143", "exited 143"],
    ["exit 255", "exited 255"],
    // A shell tells so of its child.
    ["bash -c 'kill -9 $$'; exit $?", "exited 137"],
    ["kill -KILL $$", "signaled SIGKILL"],
    ["kill -TERM $$", "signaled SIGTERM"],
    ["kill -HUP $$", "signaled SIGHUP"],
    ["kill -ABRT $$", "signaled SIGABRT"],
    ["kill -SEGV $$", "signaled SIGSEGV"],
  ])("[terminal.endings] that runs %s has %s", async (script, told) => {
    const reason = { reason: expect.stringMatching(/./) };
    expect(await ending(script)).toEqual(setup ? told : reason);
  });
});
