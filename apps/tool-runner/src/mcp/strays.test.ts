import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { commandLinesWith } from "./fixture/fault-bench.ts";
import { eventually } from "./fixture/fixture-host.ts";
import { endStraysOfDeadRunners } from "./strays.ts";

// Real processes, which a loaded machine starts slowly.
jest.setTimeout(90_000);

const RUNNER = fileURLToPath(new URL("./fixture/small-runner.ts", import.meta.url));
let folder: string;

/** A process of its own with a host over one misbehaving server, killed once that has all of its processes. */
async function killRunnerOf(fault: string, processes: number, before: (pid: number) => void = () => undefined) {
  const args = ["--conditions=source", "--disable-warning=ExperimentalWarning", RUNNER, fault, join(folder, "ledger")];
  const runner = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  // The runner has the mark in its arguments as well.
  await eventually(() => commandLinesWith(folder).length === processes + 1);
  before(runner.pid ?? 0);
  runner.kill("SIGKILL");
}

describe("what is left of the servers of a killed runner", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mcp-strays-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["none", 1],
    ["ignored-sigterm", 1],
    ["grandchild", 2],
    ["grandchild-apart", 2],
    ["orphaned-daemon", 2],
  ])("[mcp.strays] is ended although nobody starts a runner again: %s", async (fault, processes) => {
    await killRunnerOf(fault, processes);
    await eventually(() => commandLinesWith(folder).length === 0);
    expect(commandLinesWith(folder)).toEqual([]);
  });

  it("[mcp.strays] is ended at the next start where even its guard was killed", async () => {
    await killRunnerOf("grandchild-apart", 2, killGuardOf);
    await eventually(() => commandLinesWith(folder).length < 3);
    // Any tool-runner that starts on this machine may have been quicker.
    await endStraysOfDeadRunners();
    expect(commandLinesWith(folder)).toEqual([]);
  });
});

function killGuardOf(runner: number): void {
  const guards = commandLinesWith("mcp-guard").filter((line) => line.includes(`-${runner}-`));
  expect(guards).toHaveLength(1);
  for (const guard of guards) process.kill(Number.parseInt(guard, 10), "SIGKILL");
}
