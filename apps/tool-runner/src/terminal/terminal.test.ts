import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { until } from "@holdfast/testing";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { callOf, homesOf, POLICY, TerminalBench, textOf } from "./fixture/terminal-bench.ts";

let bench: TerminalBench;

beforeEach(() => {
  bench = new TerminalBench();
});
afterEach(() => bench.close());

describe("the terminal", () => {
  it("calls a failing command completed and shows the model why it failed", async () => {
    const terminal = await bench.open();
    const outcome = await terminal.run(callOf({ argv: ["cat", "missing"] }));
    expect(outcome).toMatchObject({ status: "completed", exit_code: 1 });
    expect(textOf(outcome)).toMatch(/^\[stderr\]\n\S*cat: missing: No such file or directory\n\[exit code 1\]$/);
  });

  it("ends a call at its own timeout or the policy's, whichever is shorter, with what was printed until then", async () => {
    const terminal = await bench.open();
    const outcome = await terminal.run(callOf({ argv: ["sleep", "30"] }, { timeoutMs: 200 }));
    expect(outcome).toMatchObject({ status: "failed", exit_code: null, error: { code: "timed_out" } });
    expect(textOf(outcome)).toBe("[timed out after 200 ms]");
  });

  it("fails a command that prints without end, and gives the head", async () => {
    const terminal = await bench.open({ policy: { ...POLICY, outputCapBytes: 100 } });
    const outcome = await terminal.run(callOf({ argv: ["cat", "/dev/zero"] }));
    expect(outcome).toMatchObject({ status: "failed", truncated: true, error: { code: "output_limit" } });
  });

  it("cuts the model's text at about 50 kB and keeps a share for stderr", async () => {
    const terminal = await bench.open();
    const conversationId = newUuid();
    await terminal.run(callOf({ argv: ["touch", "big"] }, { conversationId }));
    writeFileSync(join(bench.workspaceOf(conversationId), "big"), "é".repeat(32_000));
    const outcome = await terminal.run(callOf({ argv: ["cat", "big", "missing"] }, { conversationId }));
    expect(outcome).toMatchObject({ status: "completed", truncated: true });
    expect(Buffer.byteLength(textOf(outcome))).toBeLessThan(50_200);
    expect(textOf(outcome)).toMatch(/^é+\n\[the rest of the output was cut off\]\n\[stderr\]\n\S*cat: missing/);
  });

  it("cancels a running call, and answers before starting one that was cancelled already", async () => {
    const terminal = await bench.open();
    const abort = new AbortController();
    const running = terminal.run(callOf({ argv: ["sleep", "30"] }, { signal: abort.signal }));
    await until(() => bench.logged.length > 0);
    abort.abort();
    expect(await running).toMatchObject({ status: "cancelled", error: { code: "cancelled" } });
    const late = await terminal.run(callOf({ argv: ["touch", "late"] }, { signal: abort.signal }));
    expect(late).toMatchObject({ status: "cancelled", exit_code: null });
  });

  it("passes live output on, safe to show", async () => {
    const terminal = await bench.open();
    const pieces: string[] = [];
    const onOutput = (stream: string, text: string) => pieces.push(`${stream}:${text}`);
    await terminal.run(callOf({ argv: ["printf", "\\033[31mred\\033[0m\\n"] }, { onOutput }));
    expect(pieces).toEqual(["stdout:red\n"]);
  });

  it("says loudly at start what protects it, and logs calls without their arguments", async () => {
    const terminal = await bench.open({ tier: "T1" });
    expect(bench.logged).toMatchObject([
      { level: "warn", tier: "T1", not_protected: expect.stringContaining("network") },
    ]);
    await terminal.run(callOf({ argv: ["echo", "a-secret-argument"] }));
    expect(bench.logged.at(-1)).toMatchObject({ level: "info", outcome: "exited", exit_code: 0, tool: "run" });
    expect(JSON.stringify(bench.logged)).not.toContain("a-secret-argument");
  });

  it("[terminal.min-tier] is not offered below the required tier, and then denies every call", async () => {
    for (const options of [
      { tier: "T1", minTier: "T2" },
      { tier: "T0", minTier: "T1" },
    ] as const) {
      const terminal = await bench.open(options);
      expect(terminal.status.isOffered).toBe(false);
      const outcome = await terminal.run(callOf({ argv: ["echo"] }));
      expect(outcome).toMatchObject({ status: "denied", error: { code: "tier_unavailable" } });
    }
    expect(bench.logged.filter(({ level }) => level === "error")).toHaveLength(2);
  });

  it("describes the commands that can really be run, in a schema that takes nothing else", async () => {
    const { name, description, input_schema } = (await bench.open({ tier: "T1" })).describe();
    expect(name).toBe("run");
    expect(description).toContain("cat, cp, date");
    expect(description).not.toContain(" sh,");
    expect(input_schema).toMatchObject({ type: "object", additionalProperties: false });
    expect(Object.keys(input_schema["properties"] as object)).toEqual(["argv", "command", "cwd"]);
  });

  it("refuses a workspace that has been replaced by a link, and an id that is a path, touching neither", async () => {
    const terminal = await bench.open();
    const conversationId = newUuid();
    const outside = join(bench.base, "outside");
    mkdirSync(outside, { mode: 0o755 });
    symlinkSync(outside, bench.workspaceOf(conversationId));
    const before = lstatSync(outside);
    const failed = { status: "failed", error: { code: "workspace_failed" } };
    expect(await terminal.run(callOf({ argv: ["ls"] }, { conversationId }))).toMatchObject(failed);
    expect(await terminal.run(callOf({ argv: ["ls"] }, { conversationId: "../outside" }))).toMatchObject(failed);
    const { mode, uid } = lstatSync(outside);
    expect({ mode, uid }).toEqual({ mode: before.mode, uid: before.uid });
  });

  it("[terminal.leaks] leaves no descriptor, process or file behind after 200 commands", async () => {
    const terminal = await bench.open({ tier: "T1" });
    const conversationId = newUuid();
    const runSome = async (count: number) => {
      for (let done = 0; done < count; done += 4) {
        const four = ["echo hi", "cat missing", "false", "cp -r /etc/hostname copy"].map((command) =>
          terminal.run(callOf({ command }, { conversationId })),
        );
        expect((await Promise.all(four)).map(({ status }) => status)).toEqual(Array(4).fill("completed"));
      }
    };
    await runSome(4);
    const homes = await homesOf(terminal);
    const before = footprint(homes);
    await runSome(200);
    await until(() => JSON.stringify(footprint(homes)) === JSON.stringify(before));
  });

  it("cancels what runs when it is closed and removes its directory of homes", async () => {
    const terminal = await bench.open({ tier: "T1" });
    const homes = await homesOf(terminal);
    const running = terminal.run(callOf({ argv: ["sleep", "30"] }));
    await until(() => childProcesses().includes("sleep"));
    expect(readdirSync(homes)).toHaveLength(1);
    await terminal.close();
    expect(await running).toMatchObject({ status: "cancelled" });
    expect(existsSync(homes)).toBe(false);
  });
});

/** The commands of this process's children. */
function childProcesses(): string[] {
  const ids = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  return ids.map((id) => readFileSync(`/proc/${id}/comm`, "utf8").trim());
}

function footprint(homes: string) {
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    children: childProcesses(),
    homes: readdirSync(homes),
    timers: process.getActiveResourcesInfo().filter((name) => name === "Timeout").length,
  };
}
