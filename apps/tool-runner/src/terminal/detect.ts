/**
 * Finds out by doing what this machine can enforce. A launcher counts only when a program started through it came back and
 * was seen to be contained as promised; what a kernel or a container forbids is learnt here and not during a call.
 *
 * T2 and T3 have no launcher yet and answer so.
 */
import { tmpdir } from "node:os";
import { type Launcher, type ToolIdentity, wrapperFailure } from "./launcher.ts";
import { findLimiterPrograms, LimitedLauncher } from "./limited-launcher.ts";
import { DEFAULT_LIMITS, withinOwnLimits } from "./limits.ts";
import { pinCommand, SEARCH_PATH } from "./pin.ts";
import { PlainLauncher } from "./plain-launcher.ts";
import { type ProcessEnd, runProcess } from "./run-process.ts";
import { TIERS, type Tier } from "./tier.ts";

const CANARY_TIMEOUT_MS = 5_000;
const CANARY_CAP_BYTES = 16_384;

export type TierVerdict = { readonly launcher: Launcher } | { readonly reason: string };
export type TierVerdicts = Readonly<Record<Tier, TierVerdict>>;

export async function detectTiers(identity: ToolIdentity | null): Promise<TierVerdicts> {
  const limiters = findLimiterPrograms();
  const [plain, limited] = await Promise.all([
    prove(new PlainLauncher(identity), identity),
    "missing" in limiters
      ? { reason: `not installed: ${limiters.missing.join(", ")}` }
      : prove(new LimitedLauncher(limiters, identity), identity),
  ]);
  const notBuilt = { reason: "this version has no launcher for it" };
  return { T0: plain, T1: limited, T2: notBuilt, T3: notBuilt };
}

/** The most contained tier that works here. */
export function bestLauncher(verdicts: TierVerdicts): Launcher | null {
  for (const tier of TIERS.toReversed()) {
    const verdict = verdicts[tier];
    if ("launcher" in verdict) return verdict.launcher;
  }
  return null;
}

/** Has a harmless program tell what it is allowed to do; without /proc (not Linux) it can only show that it starts. */
async function prove(launcher: Launcher, identity: ToolIdentity | null): Promise<TierVerdict> {
  const isLinux = process.platform === "linux";
  const program = pinCommand(isLinux ? "cat" : "true");
  if (program === null) return { reason: "the canary's program is not installed" };
  const end = await runCanary(launcher, program.path, isLinux ? ["/proc/self/status"] : []);
  if (typeof end === "string") return { reason: end };
  if (!isLinux) return { launcher };
  const missing = missingContainment(end.stdout.bytes.toString("utf8"), launcher.tier, identity);
  return missing === null ? { launcher } : { reason: missing };
}

/** The reason as text where it did not end well. */
async function runCanary(launcher: Launcher, file: string, args: readonly string[]): Promise<ProcessEnd | string> {
  const directory = tmpdir();
  const limits = withinOwnLimits(DEFAULT_LIMITS);
  const command = launcher.command({ file, args, workspace: directory, home: directory, limits });
  const end = await runProcess({
    command,
    cwd: "/",
    env: { PATH: SEARCH_PATH },
    timeoutMs: CANARY_TIMEOUT_MS,
    capBytes: CANARY_CAP_BYTES,
  });
  if ("spawnError" in end) return end.spawnError.message;
  if (end.exitCode === 0) return end;
  const failure = wrapperFailure(command, end.exitCode, end.stderr.bytes);
  return failure ?? `the canary ended with ${end.stopped ?? end.signal ?? `exit code ${end.exitCode}`}`;
}

/** Reads a tool's /proc/self/status. */
function missingContainment(status: string, tier: Tier, identity: ToolIdentity | null): string | null {
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1]?.trim() ?? "";
  const uids = field("Uid").split(/\s+/);
  if (uids.includes("0")) return "tools would run as root";
  if (identity !== null && uids.some((uid) => uid !== String(identity.uid))) return "the user could not be changed";
  if (tier === "T0") return null;
  if (field("NoNewPrivs") !== "1") return "no_new_privs is not in force";
  return /^0+$/.test(field("CapEff")) ? null : "tools would have capabilities";
}
