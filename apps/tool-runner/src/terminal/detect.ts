/**
 * Finds out by doing what this machine can enforce. A launcher counts only when a program started through it came back and
 * was seen to be contained as promised, from T2 on by canaries; what a kernel or a container forbids is learnt here and not
 * during a call.
 */
import { tmpdir } from "node:os";
import { BubblewrapLauncher, findBubblewrap } from "./bubblewrap-launcher.ts";
import { releaseCanaries } from "./canaries.ts";
import { ConfinedLauncher } from "./confined-launcher.ts";
import type { Launcher, StoredFilter, ToolIdentity } from "./launcher.ts";
import { LimitedLauncher } from "./limited-launcher.ts";
import { findLimiterPrograms, Limiter } from "./limiter.ts";
import { DEFAULT_LIMITS, withinOwnLimits } from "./limits.ts";
import { ProcessCounter } from "./older-processes.ts";
import { pinCommand, SEARCH_PATH } from "./pin.ts";
import { PlainLauncher } from "./plain-launcher.ts";
import { type ProcessEnd, runProcess } from "./run-process.ts";
import { buildFilter, FILTER_ARCHITECTURES, type FilterArchitecture, type FilterOptions } from "./seccomp/filter.ts";
import { isAtLeast, TIERS, type Tier } from "./tier.ts";

const CANARY_TIMEOUT_MS = 10_000;
const CANARY_CAP_BYTES = 16_384;

export type TierVerdict = { readonly launcher: Launcher } | { readonly reason: string };
export type TierVerdicts = Readonly<Record<Tier, TierVerdict>>;

export interface DetectOptions {
  readonly identity: ToolIdentity | null;
  /** Keeps a file that tools can read and cannot change. */
  readonly store: (content: Buffer) => StoredFilter;
  /** Only this one is tried; default all, from the most contained down to the first that works. */
  readonly only?: Tier | undefined;
}

export async function detectTiers({ identity, store, only }: DetectOptions): Promise<TierVerdicts> {
  const machine = await limiterOf(identity);
  const build: Readonly<Record<Tier, () => TierVerdict>> = {
    T0: () => ({ launcher: new PlainLauncher(identity) }),
    T1: () => ("reason" in machine ? machine : { launcher: new LimitedLauncher(machine) }),
    T2: () => ("reason" in machine ? machine : confined(machine, store)),
    T3: () => ("reason" in machine ? machine : bubblewrapped(machine, store)),
  };
  const verdicts = {} as Record<Tier, TierVerdict>;
  let found: Tier | undefined;
  for (const tier of TIERS.toReversed()) {
    if (only !== undefined && only !== tier) verdicts[tier] = { reason: "it was not asked for" };
    else if (found !== undefined) verdicts[tier] = { reason: `${found} contains more` };
    else {
      const built = build[tier]();
      verdicts[tier] = "reason" in built ? built : await prove(built.launcher, identity);
      if ("launcher" in verdicts[tier]) found = tier;
    }
  }
  return verdicts;
}

/** The most contained tier that works here. */
export function bestLauncher(verdicts: TierVerdicts): Launcher | null {
  for (const tier of TIERS.toReversed()) {
    const verdict = verdicts[tier];
    if ("launcher" in verdict) return verdict.launcher;
  }
  return null;
}

async function limiterOf(identity: ToolIdentity | null): Promise<Limiter | { readonly reason: string }> {
  if (process.platform !== "linux") return { reason: "only Linux has what it is made of" };
  const programs = findLimiterPrograms();
  if ("missing" in programs) return { reason: `not installed: ${programs.missing.join(", ")}` };
  const limiter = new Limiter({ programs, identity, canLimitProcesses: true });
  if (identity !== null) return limiter;
  // A program that starts another is refused by the limit where the user's processes elsewhere have used it up.
  const end = await launch(new LimitedLauncher(limiter), "/bin/sh", ["-c", "/bin/true; exit 0"]);
  const canFork = typeof end !== "string";
  return canFork ? limiter : new Limiter({ programs, identity, canLimitProcesses: false });
}

type Store = DetectOptions["store"];

function confined(limiter: Limiter, store: Store): TierVerdict {
  const architecture = filterArchitecture();
  if (typeof architecture !== "string") return architecture;
  const counter = new ProcessCounter();
  // Made anew for each call: no other process that is there already can be signalled.
  return {
    launcher: new ConfinedLauncher(limiter, (network) =>
      store(filter({ architecture, network, protects: counter.older })),
    ),
  };
}

function bubblewrapped(limiter: Limiter, store: Store): TierVerdict {
  const programs = findBubblewrap();
  if ("missing" in programs) return { reason: `not installed: ${programs.missing.join(", ")}` };
  const architecture = filterArchitecture();
  if (typeof architecture !== "string") return architecture;
  const [offline, online] = [false, true].map((network) => store(filter({ architecture, network })).path);
  const path = (network: boolean) => (network ? online : offline) ?? "";
  return { launcher: new BubblewrapLauncher(limiter, programs, (network) => ({ path: path(network) })) };
}

const filter = (options: FilterOptions): Buffer => buildFilter(options).toBytes();

function filterArchitecture(): FilterArchitecture | { readonly reason: string } {
  const architecture = FILTER_ARCHITECTURES.find((known) => known === process.arch);
  return architecture ?? { reason: `there is no seccomp filter for ${process.arch}` };
}

/** Has a harmless program tell what it is allowed to do; without /proc (not Linux) it can only show that it starts. */
async function prove(launcher: Launcher, identity: ToolIdentity | null): Promise<TierVerdict> {
  const isLinux = process.platform === "linux";
  const program = pinCommand(isLinux ? "cat" : "true");
  if (program === null) return { reason: "the canary's program is not installed" };
  const [end, breach] = await Promise.all([
    launch(launcher, program.path, isLinux ? ["/proc/self/status"] : []),
    isAtLeast(launcher.tier, "T2") ? releaseCanaries(launcher, identity) : null,
  ]);
  if (typeof end === "string") return { reason: end };
  if (!isLinux) return { launcher };
  const missing = missingContainment(end.stdout.bytes.toString("utf8"), launcher.tier, identity);
  const reason = missing ?? breach;
  return reason === null ? { launcher } : { reason };
}

/** The reason as text where it did not end well. */
async function launch(launcher: Launcher, file: string, args: readonly string[]): Promise<ProcessEnd | string> {
  const directory = tmpdir();
  const limits = withinOwnLimits(DEFAULT_LIMITS);
  const command = launcher.command({ file, args, workspace: directory, home: directory, cwd: directory, limits });
  const end = await runProcess({
    command,
    cwd: "/",
    env: { PATH: SEARCH_PATH },
    timeoutMs: CANARY_TIMEOUT_MS,
    capBytes: CANARY_CAP_BYTES,
  });
  if ("spawnError" in end) return end.spawnError.message;
  if (end.exitCode === 0) return end;
  const said = end.stderr.bytes.toString("utf8").split("\n", 1)[0];
  return said || `the canary ended with ${end.stopped ?? end.signal ?? `exit code ${end.exitCode}`}`;
}

/** Reads a tool's /proc/self/status. */
function missingContainment(status: string, tier: Tier, identity: ToolIdentity | null): string | null {
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1]?.trim() ?? "";
  const uids = field("Uid").split(/\s+/);
  if (uids.includes("0")) return "tools would run as root";
  if (identity !== null && uids.some((uid) => uid !== String(identity.uid))) return "the user could not be changed";
  if (tier === "T0") return null;
  if (field("NoNewPrivs") !== "1") return "no_new_privs is not in force";
  if (!/^0+$/.test(field("CapEff"))) return "tools would have capabilities";
  return isAtLeast(tier, "T2") && field("Seccomp") !== "2" ? "no seccomp filter is in force" : null;
}
