import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { until } from "@holdfast/testing";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ProcessOptions, runProcess } from "./run-process.ts";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "holdfast-run-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Below the policy, so a shell is at hand to misbehave. */
async function shell(script: string, options: Partial<ProcessOptions> = {}) {
  const end = await runProcess({
    command: { file: "/bin/sh", args: ["-c", script], identity: null, wrappers: [] },
    cwd: directory,
    env: { PATH: "/usr/bin:/bin" },
    timeoutMs: 20_000,
    capBytes: 1000,
    ...options,
  });
  if ("spawnError" in end) throw end.spawnError;
  return end;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has collected yet is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** A shell line that starts `command` in the background and writes its process id to a file. */
function inBackground(command: string, name: string): string {
  return `${command} & echo $! > ${join(directory, name)}`;
}

function pidFrom(name: string): number {
  const pid = Number(readFileSync(join(directory, name), "utf8"));
  if (!(pid > 1)) throw new Error(`no process id in ${name}`);
  return pid;
}

describe("runProcess", () => {
  it("answers the exit code and both streams apart", async () => {
    const end = await shell("echo out; echo err >&2; exit 7");
    expect(end).toMatchObject({ stopped: undefined, exitCode: 7, signal: null });
    expect(end.stdout.bytes.toString()).toBe("out\n");
    expect(end.stderr.bytes.toString()).toBe("err\n");
  });

  it("answers the signal that a command died of", async () => {
    expect(await shell("kill -SEGV $$")).toMatchObject({ stopped: undefined, exitCode: null, signal: "SIGSEGV" });
  });

  it("answers an error for a program that cannot be started", async () => {
    const command = { file: join(directory, "missing"), args: [], identity: null, wrappers: [] };
    const end = await runProcess({ command, cwd: directory, env: {}, timeoutMs: 1000, capBytes: 10 });
    expect(end).toMatchObject({ spawnError: { code: "ENOENT" } });
  });

  it("gives no stdin", async () => {
    const end = await shell("cat; readlink /proc/self/fd/0");
    expect(end.stdout.bytes.toString()).toBe("/dev/null\n");
  });

  it("[terminal.timeout] ends the whole group at the timeout, the members that ignore SIGTERM with SIGKILL", async () => {
    const ignoring = `trap '' TERM; ${inBackground("sh -c \"trap '' TERM; sleep 60\"", "grandchild")}; while :; do sleep 60; done`;
    const startedAt = performance.now();
    const end = await shell(ignoring, { timeoutMs: 300 });
    const elapsedMs = performance.now() - startedAt;
    expect(end).toMatchObject({ stopped: "timed_out", signal: "SIGKILL" });
    expect(elapsedMs).toBeGreaterThanOrEqual(300 + 250 - 5);
    expect(elapsedMs).toBeLessThan(3000);
    await until(() => !isAlive(pidFrom("grandchild")));
  });

  it("gives a command a quarter of a second to tidy up, and keeps what it printed", async () => {
    const end = await shell("trap 'echo tidy; exit 0' TERM; echo begun; while :; do sleep 0.01; done", {
      timeoutMs: 300,
    });
    expect(end).toMatchObject({ stopped: "timed_out", exitCode: 0 });
    expect(end.stdout.bytes.toString()).toBe("begun\ntidy\n");
  });

  it("kills what a finished command left in its group, so that its pipes close", async () => {
    const startedAt = performance.now();
    const end = await shell(`${inBackground("sleep 60", "left")}; echo done`);
    expect(end).toMatchObject({ stopped: undefined, exitCode: 0 });
    expect(end.stdout.bytes.toString()).toBe("done\n");
    expect(performance.now() - startedAt).toBeLessThan(3000);
    await until(() => !isAlive(pidFrom("left")));
  });

  it("does not wait for a grandchild that fled the group with the pipes", async () => {
    const startedAt = performance.now();
    const script = "setsid sh -c 'echo $$ > fled; exec sleep 60' & until [ -s fled ]; do sleep 0.01; done; echo done";
    const end = await shell(script);
    const elapsedMs = performance.now() - startedAt;
    const fled = pidFrom("fled");
    // Only a sandbox that forbids setsid can hold it; here it is the test's to end.
    process.kill(fled, "SIGKILL");
    expect(end).toMatchObject({ stopped: undefined, exitCode: 0 });
    expect(end.stdout.bytes.toString()).toBe("done\n");
    expect(elapsedMs).toBeGreaterThanOrEqual(395);
    expect(elapsedMs).toBeLessThan(3000);
  });

  it.each<[string, number, boolean]>([
    ["one byte less than the cap", 999, false],
    ["exactly the cap", 1000, false],
    ["one byte more", 1001, true],
    ["a thousand times the cap", 1_000_000, true],
  ])("[terminal.cap] caps a stream that prints %s", async (_, bytes, isTruncated) => {
    const end = await shell(`head -c ${bytes} /dev/zero; head -c 1000 /dev/zero >&2`);
    expect(end).toMatchObject({ stopped: undefined, exitCode: 0 });
    expect(end.stdout.isTruncated).toBe(isTruncated);
    expect(end.stdout.bytes).toHaveLength(Math.min(bytes, 1000));
    expect(end.stderr.isTruncated).toBe(false);
  });

  it("ends a command that never stops printing", async () => {
    const end = await shell("yes", { timeoutMs: 60_000 });
    expect(end).toMatchObject({ stopped: "output_limit", exitCode: null });
    expect(end.stdout.bytes).toHaveLength(1000);
  });

  it("hands on the bytes within the cap as they come, and no others", async () => {
    const seen: string[] = [];
    const onBytes = (stream: string, bytes: Buffer) => seen.push(`${stream}:${bytes.toString()}`);
    await shell("printf abc; printf defgh >&2", { capBytes: 4, onBytes });
    expect(seen.toSorted()).toEqual(["stderr:defg", "stdout:abc"]);
  });

  it("[terminal.cancel] ends the group when the caller cancels, also when it already has", async () => {
    const abort = new AbortController();
    const running = shell(`${inBackground("sleep 60", "cancelled")}; echo ready; wait`, {
      signal: abort.signal,
      onBytes: () => abort.abort(),
    });
    expect(await running).toMatchObject({ stopped: "cancelled" });
    await until(() => !isAlive(pidFrom("cancelled")));
    expect(await shell("sleep 60", { signal: abort.signal })).toMatchObject({ stopped: "cancelled" });
  });

  it("leads a session of its own, so that no terminal of the runner is within reach", async () => {
    const end = await shell("ps -o pid=,pgid=,sid=,tty= -p $$");
    const [pid, group, session, tty] = end.stdout.bytes.toString().trim().split(/\s+/);
    expect([group, session, tty]).toEqual([pid, pid, "?"]);
  });

  it("does not take a timeout longer than a timer can be for none at all", async () => {
    expect(await shell("sleep 0.2; exit 3", { timeoutMs: Number.MAX_SAFE_INTEGER })).toMatchObject({ exitCode: 3 });
  });
});
