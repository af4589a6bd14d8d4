/** The box as it is used: a process of its own, JSON in, JSON out. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { until } from "@holdfast/testing";
import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { PrivateHomes } from "./terminal/private-homes.ts";

const ENTRY = fileURLToPath(new URL("./exec.ts", import.meta.url));

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "holdfast-exec-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Answer {
  outcome: string;
  deny_code?: string;
  exit_code: number | null;
  signal: string | null;
  stdout_b64: string;
  stderr_b64: string;
  truncated: boolean;
  text: string;
  tier: string;
  duration_ms: number;
}

interface Options {
  tier?: string;
  policy?: Record<string, unknown>;
  env?: Record<string, string>;
  /** Opened in the box at descriptor 50, behind a gap. */
  inheritedFd?: number;
  readonly toolUid?: number;
}

function startBox(req: unknown, options: Options = {}): ChildProcess {
  const gap = options.inheritedFd === undefined ? [] : [...Array<"ignore">(47).fill("ignore"), options.inheritedFd];
  const child = spawn(process.execPath, ["--conditions=source", ENTRY], {
    env: options.env ?? {},
    stdio: ["pipe", "pipe", "pipe", ...gap],
  });
  const policy = {
    allow: ["cat", "cp", "echo", "ls", "sleep", "sh", "printenv", "head", "yes", "touch"],
    ...options.policy,
  };
  child.stdin?.end(JSON.stringify({ tier: options.tier ?? "T1", root, req, policy, tool_uid: options.toolUid }));
  return child;
}

async function box(req: unknown, options: Options = {}): Promise<Answer> {
  const child = startBox(req, options);
  if (!child.stdout || !child.stderr) throw new Error("no pipes");
  const [out, err] = await Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  if (out === "") throw new Error(`the box answered nothing: ${err}`);
  return JSON.parse(out) as Answer;
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}

/** The process whose command line contains exactly this argument, if it runs. */
function findProcess(argument: string): number | undefined {
  return readdirSync("/proc")
    .map(Number)
    .find((pid) => pid > 0 && commandLine(pid).at(-1) === argument && !commandLine(pid).includes("--"));
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    return [];
  }
}

describe("the box", () => {
  it("[terminal.box] answers one object for one object", async () => {
    const answer = await box({ argv: ["echo", "-n", "h\u00e9"] });
    expect(answer).toEqual({
      outcome: "exited",
      exit_code: 0,
      signal: null,
      stdout_b64: Buffer.from("h\u00e9").toString("base64"),
      stderr_b64: "",
      truncated: false,
      text: "h\u00e9",
      tier: "T1",
      duration_ms: expect.any(Number),
    });
  });

  it.each<[unknown, string]>([
    [{ command: "echo '" }, "parse_error"],
    ["echo", "invalid_argument"],
    [undefined, "invalid_argument"],
    [{ argv: ["id"] }, "not_allowed"],
    [{ argv: ["echo"], cwd: ".." }, "cwd_outside"],
    [{ argv: ["sh", "-c", "id"] }, "tier_unavailable"],
  ])("denies with a code", async (req, code) => {
    const answer = await box(req);
    expect(answer).toMatchObject({ outcome: "denied", deny_code: code, exit_code: null, stdout_b64: "" });
  });

  it("times out, with the head of what was printed", async () => {
    const answer = await box({ argv: ["sleep", "30"] }, { policy: { timeout_ms: 200 } });
    expect(answer).toMatchObject({ outcome: "timed_out", exit_code: null, signal: "SIGTERM", tier: "T1" });
    expect(answer.duration_ms).toBeGreaterThanOrEqual(200);
    expect(answer.duration_ms).toBeLessThan(5000);
  });

  it("caps each stream and ends a flood", async () => {
    const exact = { policy: { output_cap_bytes: 10 } };
    expect(await box({ argv: ["head", "-c", "10", "/dev/zero"] }, exact)).toMatchObject({ truncated: false });
    const more = await box({ argv: ["head", "-c", "11", "/dev/zero"] }, exact);
    expect(more).toMatchObject({ outcome: "exited", truncated: true });
    expect(decode(more.stdout_b64)).toHaveLength(10);
    expect(await box({ argv: ["yes"] }, exact)).toMatchObject({ outcome: "output_limit", truncated: true });
  });

  it("ends a command that writes a file past its limit", async () => {
    const answer = await box({ argv: ["cp", "/dev/zero", "big"] }, { policy: { limits: { file_bytes: 1 << 20 } } });
    expect(answer).toMatchObject({ outcome: "signaled", signal: "SIGXFSZ" });
  });

  it("takes limits by any of their usual names, and says which it does not know", async () => {
    const limits = { RLIMIT_CPU: 6.5, memoryLimitMb: 512, fsize_kb: 4, nproc: null, max_open_files: 33, horses: 1 };
    const options = { policy: { limits, output_cap_bytes: 4096 } };
    const said = startBox({ argv: ["cat", "/proc/self/limits"] }, options);
    if (!said.stdout || !said.stderr) throw new Error("no pipes");
    const [out, err] = await Promise.all([readAll(said.stdout), readAll(said.stderr)]);
    const printed = decode((JSON.parse(out) as Answer).stdout_b64);
    for (const [name, value] of [
      ["Max cpu time", 7],
      ["Max address space", 512 << 20],
      ["Max file size", 4096],
      ["Max open files", 33],
    ])
      expect(printed).toMatch(new RegExp(`^${name}\\s+${value}\\s`, "m"));
    expect(err).toBe('there is no limit "horses"\n');
  });

  it("takes null for what is left out, and denies where nothing is allowed", async () => {
    const nothing = {
      allow: null,
      timeout_ms: null,
      output_cap_bytes: null,
      env_allow: null,
      network: null,
      limits: null,
    };
    expect(await box({ argv: ["echo"] }, { policy: nothing })).toMatchObject({ deny_code: "not_allowed", tier: "T1" });
  });

  it("runs nothing as root, whoever asks for it", async () => {
    const answer = await box({ argv: ["id"] }, { toolUid: 0 });
    expect(answer).toMatchObject({ outcome: "denied", deny_code: "tier_unavailable" });
  });

  it("denies a workspace that is missing, and one that is no directory", async () => {
    const whole = root;
    writeFileSync(join(whole, "file"), "");
    try {
      root = join(whole, "missing");
      expect(await box({ argv: ["echo"] })).toMatchObject({ deny_code: "cwd_missing" });
      root = join(whole, "file");
      expect(await box({ argv: ["echo"] })).toMatchObject({ deny_code: "cwd_not_dir" });
    } finally {
      root = whole;
    }
  });

  it("passes exactly the allowed variables of its own environment", async () => {
    const env = { APP_MODE: "test", SECRET: "s", NODE_OPTIONS: "--no-warnings" };
    const answer = await box({ argv: ["printenv"] }, { env, policy: { env_allow: ["APP_MODE", "NODE_OPTIONS"] } });
    const names = decode(answer.stdout_b64)
      .trim()
      .split("\n")
      .map((line) => line.split("=", 1).join())
      .toSorted((a, b) => a.localeCompare(b));
    expect(names).toEqual(
      "APP_MODE GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT HOME LANG LC_ALL PAGER PATH TERM TMPDIR".split(" "),
    );
  });

  it("lets a tool write to a workspace that somebody prepared, and not through a link in it", async () => {
    mkdirSync(join(root, "sub"));
    writeFileSync(join(root, "sub", "file"), "old");
    symlinkSync("/etc", join(root, "link"));
    expect(await box({ argv: ["cp", "/etc/hostname", "file"], cwd: "sub" })).toMatchObject({ exit_code: 0 });
    expect(await box({ argv: ["echo"], cwd: "link" })).toMatchObject({ deny_code: "cwd_outside" });
  });

  it("[terminal.descriptors] hides from tools what it inherited, also behind a gap in the numbers", async () => {
    const fd = openSync("/etc/hostname", "r");
    try {
      const answer = await box({ argv: ["ls", "/proc/self/fd"] }, { inheritedFd: fd });
      expect(decode(answer.stdout_b64)).toBe("0\n1\n2\n3\n");
    } finally {
      closeSync(fd);
    }
  });

  it("ends its tool when it is told to end, and when it is killed", async () => {
    const told = startBox({ argv: ["sleep", "9871.1"] });
    const toldPid = await until(() => findProcess("9871.1"));
    told.kill("SIGTERM");
    await expect(until(() => commandLine(toldPid).length === 0)).resolves.toBe(true);

    const killed = startBox({ argv: ["sleep", "9871.2"] });
    const killedPid = await until(() => findProcess("9871.2"));
    killed.kill("SIGKILL");
    await expect(until(() => commandLine(killedPid).length === 0)).resolves.toBe(true);
  });

  it("[terminal.leftovers] leaves nothing of a killed one running when the next one has started", async () => {
    // Nothing but its home tells whose a process is that a tool has started.
    const runner = await PrivateHomes.open(null);
    const home = await runner.create();
    const dead = dirname(dirname(home)).replace(`-${process.pid}-`, "-1-");
    mkdirSync(dead);
    const left = spawn("/usr/bin/sleep", ["9872.2"], { env: { HOME: join(dead, "homes", "x") }, detached: true });
    const ended = new Promise((resolve) => left.once("exit", (_, signal) => resolve(signal)));
    await box({ argv: ["echo"] });
    expect(await ended).toBe("SIGKILL");
    await runner.close();
  });

  it("refuses input that is not such an object with exit code 65 and nothing on stdout", async () => {
    const child = spawn(process.execPath, ["--conditions=source", ENTRY], {
      env: {},
      stdio: ["pipe", "pipe", "ignore"],
    });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.stdin.end("not JSON");
    expect(await readAll(child.stdout)).toBe("");
    expect(await exited).toBe(65);
  });
});
