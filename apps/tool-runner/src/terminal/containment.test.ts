/** What the launchers promise, asked of real tools that run through them. */
import { afterAll, describe, expect, it } from "@jest/globals";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bestLauncher, detectTiers } from "./detect.ts";
import { chooseIdentity } from "./identity.ts";
import { type Launcher, type StoredFilter, wrapperFailure } from "./launcher.ts";
import { LimitedLauncher } from "./limited-launcher.ts";
import { findLimiterPrograms, Limiter } from "./limiter.ts";
import { DEFAULT_LIMITS, type ToolLimits, withinOwnLimits } from "./limits.ts";
import { PlainLauncher } from "./plain-launcher.ts";
import { runProcess } from "./run-process.ts";
import { TIERS } from "./tier.ts";

const isRoot = process.getuid?.() === 0;
const identity = chooseIdentity(process.getuid?.(), undefined);

function limitedLauncher(): Launcher {
  const programs = findLimiterPrograms();
  if ("missing" in programs) throw new Error(`install util-linux: ${programs.missing.join(", ")}`);
  return new LimitedLauncher(new Limiter({ programs, identity, canLimitProcesses: isRoot }));
}

async function run(launcher: Launcher, file: string, args: readonly string[], limits: Partial<ToolLimits> = {}) {
  const command = launcher.command({
    file,
    args,
    workspace: tmpdir(),
    home: tmpdir(),
    cwd: "/",
    limits: withinOwnLimits({ ...DEFAULT_LIMITS, ...limits }),
  });
  const end = await runProcess({ command, cwd: "/", env: {}, timeoutMs: 20_000, capBytes: 65_536 });
  if ("spawnError" in end) throw end.spawnError;
  return { ...end, command, out: end.stdout.bytes.toString(), err: end.stderr.bytes };
}

/** Gives this process a group that a tool must not inherit, as far as it may. */
async function inGroup<T>(group: number, work: () => Promise<T>): Promise<T> {
  if (!isRoot) return await work();
  const before = process.getgroups?.() ?? [];
  process.setgroups?.([group]);
  try {
    return await work();
  } finally {
    process.setgroups?.(before);
  }
}

describe.each<[string, () => Launcher]>([
  ["T0", () => new PlainLauncher(identity)],
  ["T1", limitedLauncher],
])("a tool at %s", (_, launcher) => {
  it("[terminal.never-root] is never root and belongs to no group but its own", async () => {
    const { out } = await inGroup(4242, () => run(launcher(), "/bin/cat", ["/proc/self/status"]));
    const uid = isRoot ? 65_534 : process.getuid?.();
    expect(out).toMatch(new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}\\s+${uid}$`, "m"));
    const groups = isRoot ? /^Groups:\s*(65534)?\s*$/m : /^Groups:/m;
    expect(out).toMatch(groups);
    expect(out).toMatch(/^CapEff:\s+0+$/m);
  });

  it("is the first to die when memory runs out", async () => {
    expect((await run(launcher(), "/bin/cat", ["/proc/self/oom_score_adj"])).out).toBe("1000\n");
  });

  it("has the exit code and the output of the command, not of a wrapper", async () => {
    const { command, exitCode, err } = await run(launcher(), "/bin/cat", ["/no/such/file"]);
    expect(exitCode).toBe(1);
    expect(wrapperFailure(command, exitCode, err)).toBeNull();
  });

  it("that cannot be executed is told apart from one that failed", async () => {
    const { command, exitCode, err } = await run(launcher(), "/etc/passwd", []);
    expect(wrapperFailure(command, exitCode, err)).toMatch(/failed to execute.*Permission denied/);
  });
});

describe("a tool at T1", () => {
  it("[terminal.rlimits] has its limits and cannot gain privileges", async () => {
    const limits = { cpuSeconds: 11, memoryBytes: 1 << 30, fileBytes: 1 << 20, openFiles: 33, processes: 44 };
    const { out } = await run(limitedLauncher(), "/bin/cat", ["/proc/self/limits", "/proc/self/status"], limits);
    const limit = (name: string) => new RegExp(`^${name}\\s+(\\S+)\\s+(\\S+)`, "m").exec(out)?.slice(1, 3);
    expect(limit("Max cpu time")).toEqual(["11", "11"]);
    expect(limit("Max address space")).toEqual([`${1 << 30}`, `${1 << 30}`]);
    expect(limit("Max file size")).toEqual([`${1 << 20}`, `${1 << 20}`]);
    expect(limit("Max open files")).toEqual(["33", "33"]);
    expect(limit("Max core file size")).toEqual(["0", "0"]);
    // Without a uid of its own the limit would count the runner's threads too.
    expect(limit("Max processes")?.includes("44")).toBe(isRoot);
    expect(out).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(/^CapBnd:\s+0+$/m.test(out)).toBe(isRoot);
  });

  it("cannot take more memory than its limit", async () => {
    const { exitCode, err } = await run(limitedLauncher(), "/usr/bin/tail", ["/dev/zero"], { memoryBytes: 64 << 20 });
    expect(exitCode).toBe(1);
    expect(err.toString()).toMatch(/memory exhausted/);
  });
});

describe("withinOwnLimits", () => {
  it("never asks for more than this process has", () => {
    const own =
      "Limit   Soft   Hard   Units\nMax open files            10        64       files\nMax cpu time  unlimited  unlimited  seconds\n";
    expect(withinOwnLimits(DEFAULT_LIMITS, own)).toEqual({ ...DEFAULT_LIMITS, openFiles: 64 });
  });
});

describe("chooseIdentity", () => {
  it("gives tools of a root runner a user of their own and refuses root", () => {
    expect(chooseIdentity(0, undefined)).toEqual({ uid: 65_534, gid: 65_534 });
    expect(chooseIdentity(0, 1234)).toEqual({ uid: 1234, gid: 1234 });
    expect(chooseIdentity(1000, undefined)).toBeNull();
    expect(() => chooseIdentity(0, 0)).toThrow(RangeError);
  });
});

describe("detectTiers", () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-detect-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const store = (content: Buffer): StoredFilter => {
    chmodSync(directory, 0o711);
    const path = join(directory, "filter");
    writeFileSync(path, content);
    return { path };
  };

  it("finds the highest tier that works, and says why the others are not in force", async () => {
    const verdicts = await detectTiers({ identity, store });
    const best = bestLauncher(verdicts)?.tier ?? "T0";
    expect(["T1", "T2", "T3"]).toContain(best);
    const reasons = Object.entries(verdicts).filter(([, verdict]) => "reason" in verdict && verdict.reason !== "");
    expect(reasons.map(([tier]) => tier)).toEqual(TIERS.toReversed().filter((tier) => tier !== best));
    expect(verdicts.T0).toEqual({ reason: `${best} contains more` });
  });

  it.each(["T0", "T1"] as const)("finds that %s works", async (tier) => {
    const verdicts = await detectTiers({ identity, store, only: tier });
    expect(verdicts[tier]).toHaveProperty("launcher.tier", tier);
  });

  it("does not believe a launcher that leaves tools as root, or cannot change the user", async () => {
    const wrong = isRoot ? null : { uid: 65_534, gid: 65_534 };
    const verdicts = await detectTiers({ identity: wrong, store });
    expect(verdicts.T0).toEqual({ reason: expect.stringMatching(isRoot ? "tools would run as root" : /./) });
    expect(verdicts.T1).toHaveProperty("reason");
  });

  it("tries only the tier that is asked for", async () => {
    const verdicts = await detectTiers({ identity, store, only: "T0" });
    expect(verdicts.T0).toHaveProperty("launcher.tier", "T0");
    expect(verdicts.T1).toEqual({ reason: "it was not asked for" });
  });
});
