import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { claimDirectory } from "./one-at-a-time.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "claim-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (holder: object) => writeFileSync(join(directory, "start.json"), JSON.stringify(holder));

/** A process that looks like another start of ours. */
const otherStart = () => spawn("sh", ["-c", "sleep 60 # tooling/cli/src/start.ts"], { stdio: "ignore" });

it("a directory without a living holder is taken", async () => {
  write({ pid: 999_999_999 });
  const claim = await claimDirectory(directory);
  expect("takenBy" in claim).toBe(false);
});

it("a pid that now belongs to another program holds nothing", async () => {
  write({ pid: process.ppid });
  expect("takenBy" in (await claimDirectory(directory))).toBe(false);
});

it("a living start is named by its address", async () => {
  const other = otherStart();
  write({ pid: other.pid, url: "http://127.0.0.1:8080" });
  expect(await claimDirectory(directory)).toEqual({ takenBy: "http://127.0.0.1:8080" });
  other.kill("SIGKILL");
});

it("a start that is stopping is waited for", async () => {
  const other = otherStart();
  write({ pid: other.pid, url: "http://127.0.0.1:8080", isStopping: true });
  setTimeout(() => other.kill("SIGKILL"), 200);
  expect("takenBy" in (await claimDirectory(directory))).toBe(false);
});
