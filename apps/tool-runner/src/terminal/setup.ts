/** Everything calls share, made once at start. */
import type { Environment } from "@holdfast/runtime";
import { closeInheritedDescriptors } from "./close-inherited.ts";
import { bestLauncher, detectTiers, type TierVerdicts } from "./detect.ts";
import { chooseIdentity } from "./identity.ts";
import type { Launcher, ToolIdentity } from "./launcher.ts";
import { withinOwnLimits } from "./limits.ts";
import { PinnedCommands } from "./pin.ts";
import type { TerminalPolicy } from "./policy.ts";
import { PrivateHomes } from "./private-homes.ts";
import type { Tier } from "./tier.ts";

export interface SetupOptions {
  readonly policy: TerminalPolicy;
  /** Exactly this tier, or the best that works here (`auto`). */
  readonly tier: Tier | "auto";
  /** The user of tools where the runner is root; default 65534. */
  readonly toolUid?: number | undefined;
  /** Where allowed variables get their values: the runner's environment. */
  readonly hostEnvironment: Environment;
  /** Where commands are looked up; default the system's (pin.ts). */
  readonly directories?: readonly string[] | undefined;
  /** For what an operator should look at; the message has no details of a call. */
  readonly warn: (message: string) => void;
}

export interface Setup {
  /** As the configuration has it. */
  readonly configured: TerminalPolicy;
  /** Its limits are no higher than this process's own. */
  readonly policy: TerminalPolicy;
  readonly pins: PinnedCommands;
  readonly launcher: Launcher;
  readonly identity: ToolIdentity | null;
  readonly homes: PrivateHomes;
  readonly hostEnvironment: Environment;
  readonly warn: (message: string) => void;
}

export interface SetupResult {
  /** Null where the wanted tier does not work here. */
  readonly setup: Setup | null;
  readonly verdicts: TierVerdicts;
}

/** Throws RangeError for a `toolUid` that is root's. The caller closes `setup.homes`. */
export async function prepare(options: SetupOptions): Promise<SetupResult> {
  const identity = chooseIdentity(process.getuid?.(), options.toolUid);
  closeInheritedDescriptors();
  const homes = await PrivateHomes.open(identity);
  const only = options.tier === "auto" ? undefined : options.tier;
  const verdicts = await detectTiers({ identity, store: (content) => homes.store(content), only });
  const launcher = only === undefined ? bestLauncher(verdicts) : launcherOf(verdicts, only);
  if (launcher === null) {
    await homes.close();
    return { setup: null, verdicts };
  }
  const policy = { ...options.policy, limits: withinOwnLimits(options.policy.limits) };
  const pins = new PinnedCommands(policy.allow, options.directories);
  const { policy: configured, hostEnvironment, warn } = options;
  return { setup: { configured, policy, pins, launcher, identity, homes, hostEnvironment, warn }, verdicts };
}

function launcherOf(verdicts: TierVerdicts, tier: Tier): Launcher | null {
  const verdict = verdicts[tier];
  return "launcher" in verdict ? verdict.launcher : null;
}
