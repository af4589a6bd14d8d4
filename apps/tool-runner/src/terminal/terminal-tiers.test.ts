/** What holds for the terminal at every tier that runs without a kernel sandbox. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { newUuid } from "@holdfast/protocol";
import { existsSync, lstatSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { callOf, homesOf, POLICY, TerminalBench, textOf } from "./fixture/terminal-bench.ts";

const isRoot = process.getuid?.() === 0;
let bench: TerminalBench;

beforeEach(() => {
  bench = new TerminalBench();
});
afterEach(() => bench.close());

describe.each(["T0", "T1"] as const)("the terminal at %s", (tier) => {
  it("runs the harmless commands of the demo", async () => {
    const terminal = await bench.open({ tier });
    expect(terminal.status).toMatchObject({ isOffered: true, tier });
    for (const argv of [
      ["echo", "hello"],
      ["ls", "-la"],
      ["date"],
      ["uname", "-a"],
      ["pwd"],
      ["cat", "/etc/hostname"],
    ]) {
      expect(await terminal.run(callOf({ argv }))).toMatchObject({
        status: "completed",
        exit_code: 0,
        truncated: false,
      });
    }
  });

  it("[terminal.no-shell] takes what is special to a shell as ordinary characters", async () => {
    const terminal = await bench.open({ tier });
    const outcome = await terminal.run(callOf({ command: "echo 'a  b' $HOME * $(id) `id` ; id | id > out && id # c" }));
    expect(textOf(outcome)).toBe("a  b $HOME * $(id) `id` ; id | id > out && id # c\n");
  });

  it("[terminal.env] gives exactly the environment of the policy, with a private home that is gone afterwards", async () => {
    const envAllow = ["APP_MODE", "LD_PRELOAD", "UNSET"];
    const terminal = await bench.open({ tier, policy: { ...POLICY, envAllow } });
    const printed = textOf(await terminal.run(callOf({ argv: ["cat", "/proc/self/environ"] })));
    const printenv = textOf(await terminal.run(callOf({ argv: ["printenv"] })));
    const variables = new Map(
      printenv
        .trim()
        .split("\n")
        .map((line) => [line.split("=")[0], line.split("=")[1]] as const),
    );
    expect(new Set(variables.keys())).toEqual(
      new Set("APP_MODE GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT HOME LANG LC_ALL PAGER PATH TERM TMPDIR".split(" ")),
    );
    expect(printed).not.toContain("hidden");
    const home = variables.get("HOME") ?? "";
    expect(variables.get("TMPDIR")).toBe(home);
    expect(existsSync(dirname(home))).toBe(true);
    expect(existsSync(home)).toBe(false);
  });

  it("removes what a call left in its home", async () => {
    const terminal = await bench.open({ tier });
    const file = textOf(await terminal.run(callOf({ argv: ["mktemp"] }))).trim();
    const directory = textOf(await terminal.run(callOf({ argv: ["mktemp", "-d"] }))).trim();
    const homes = await homesOf(terminal);
    expect([file, directory].map((path) => path.startsWith(`${homes}/`))).toEqual([true, true]);
    expect(readdirSync(homes)).toEqual([]);
  });

  it("keeps a conversation's files for its next call and away from other conversations", async () => {
    const terminal = await bench.open({ tier });
    const conversationId = newUuid();
    await terminal.run(callOf({ argv: ["touch", "note"] }, { conversationId }));
    await terminal.run(callOf({ argv: ["mkdir", "sub"] }, { conversationId }));
    expect(textOf(await terminal.run(callOf({ argv: ["ls"] }, { conversationId })))).toBe("note\nsub\n");
    expect(textOf(await terminal.run(callOf({ argv: ["ls"] })))).toBe("[no output]");
    const workspace = lstatSync(bench.workspaceOf(conversationId));
    expect(workspace.mode & 0o777).toBe(0o700);
    expect(workspace.uid).toBe(isRoot ? 65_534 : process.getuid?.());
  });

  it("starts in a directory below the workspace and nowhere else", async () => {
    const terminal = await bench.open({ tier });
    const conversationId = newUuid();
    await terminal.run(callOf({ argv: ["mkdir", "sub"] }, { conversationId }));
    const workspace = bench.workspaceOf(conversationId);
    symlinkSync("/etc", join(workspace, "link"));
    const inSub = await terminal.run(callOf({ argv: ["pwd"], cwd: "sub" }, { conversationId }));
    expect(textOf(inSub)).toBe(`${workspace}/sub\n`);
    for (const cwd of ["..", "/", "/etc", "link", "sub/../..", bench.base]) {
      const outcome = await terminal.run(callOf({ argv: ["pwd"], cwd }, { conversationId }));
      expect(outcome).toMatchObject({ status: "denied", error: { code: "cwd_outside" } });
    }
  });

  it("inherits nothing but its three standard streams", async () => {
    const terminal = await bench.open({ tier });
    // The fourth is the directory that ls itself has open.
    expect(textOf(await terminal.run(callOf({ argv: ["ls", "/proc/self/fd"] })))).toBe("0\n1\n2\n3\n");
  });

  it.each<[string, unknown, string]>([
    ["a command that can start others", { argv: ["sh", "-c", "id"] }, "tier_unavailable"],
    ["a command that is not allowed", { command: "id" }, "not_allowed"],
    ["a path", { argv: ["/tmp/ls"] }, "path_not_pinned"],
    ["an unclosed quote", { command: "echo '" }, "parse_error"],
    ["nothing", { argv: [] }, "empty"],
  ])("denies %s, starting nothing", async (_, given, code) => {
    const terminal = await bench.open({ tier });
    const outcome = await terminal.run(callOf(given));
    expect(outcome).toMatchObject({ status: "denied", error: { code } });
    expect(outcome).not.toHaveProperty("exit_code");
    expect(textOf(outcome)).toMatch(/\w/);
  });
});
