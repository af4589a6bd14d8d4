/** All attacks, and what a machine makes of them. */
import { DEFAULT_LIMITS } from "../limits.ts";
import { pinCommand } from "../pin.ts";
import type { Setup } from "../setup.ts";
import { isAtLeast, type Tier } from "../tier.ts";
import { type Attack } from "./attack.ts";
import { fileAttacks } from "./attacks/files.ts";
import { kernelAttacks } from "./attacks/kernel.ts";
import { launcherAttacks } from "./attacks/launchers.ts";
import { resourceAttacks } from "./attacks/resources.ts";
import { wordAttacks } from "./attacks/words.ts";
import { BENIGN, type Benign } from "./benign.ts";
import { tryBenign, tryWithTerminal } from "./try-attack.ts";

export const ATTACKS: readonly Attack[] = [
  ...wordAttacks,
  ...fileAttacks,
  ...launcherAttacks,
  ...kernelAttacks,
  ...resourceAttacks,
];

/** The programs that attacks and ordinary work begin with: an allowlist as careless as can be. */
const CARELESS_ALLOWLIST: readonly string[] = [
  ...new Set([...ATTACKS.filter(({ isNotAllowed }) => isNotAllowed !== true), ...BENIGN].map(programOf)),
  // Allowed, and yet not to be run: it is setuid.
  "mount",
  "ls",
];
/** What the suite is tried under: the tier alone is to stop what it promises to stop. */
export const CARELESS_POLICY = {
  allow: CARELESS_ALLOWLIST,
  timeoutMs: 30_000,
  outputCapBytes: 65_536,
  envAllow: [],
  limits: DEFAULT_LIMITS,
};

/** Whether it can be tried here: its program is installed, and it hits nobody else. */
export function canBeTried(attack: Attack, hasOwnUser: boolean): boolean {
  if (attack.needsOwnUser === true && !hasOwnUser) return false;
  return attack.isNotAllowed === true || pinCommand(programOf(attack)) !== null;
}

/** Whether a piece of ordinary work can be asked of a tier here. */
function canBeAsked(benign: Benign, tier: Tier): boolean {
  const programs = [programOf(benign), benign.needs ?? "sh"];
  return isAtLeast(tier, benign.from ?? "T0") && programs.every((name) => pinCommand(name) !== null);
}

function programOf({ command }: Pick<Attack, "command">): string {
  return (typeof command === "string" ? command.split(/\s/, 1)[0] : command[0]) ?? "";
}

export interface Judgement {
  readonly tier: Tier;
  readonly tried: number;
  readonly stopped: number;
  /** Attacks that cannot be tried on this machine. */
  readonly untried: readonly string[];
  /** Where the machine differs from the table, with what came out. */
  readonly surprises: readonly string[];
}

/** Tries everything that can be tried at the setup's tier, a few at a time. */
export async function judge(setup: Setup): Promise<Judgement> {
  const { tier } = setup.launcher;
  const possible = ATTACKS.filter((attack) => canBeTried(attack, setup.identity !== null));
  let stopped = 0;
  const surprises: string[] = [];
  await eachOf(possible, async (attack) => {
    const { hasSucceeded, result } = await tryWithTerminal(attack, setup);
    if (!hasSucceeded) stopped += 1;
    if (hasSucceeded !== attack.stoppedAt.includes(tier)) return;
    surprises.push(`${attack.id} ${hasSucceeded ? "succeeded" : "was stopped"}: ${JSON.stringify(result)}`);
  });
  await eachOf(
    BENIGN.filter((benign) => canBeAsked(benign, tier)),
    async (benign) => {
      const problem = await tryBenign(benign, setup);
      if (problem !== null) surprises.push(`ordinary work failed: ${benign.id}: ${problem}`);
    },
  );
  const untried = ATTACKS.filter((attack) => !possible.includes(attack)).map(({ id }) => id);
  return { tier, tried: possible.length, stopped, untried, surprises };
}

/** The resource attacks of one field must not starve the others of theirs, so only a few at once. */
const AT_ONCE = 3;

/** What hits every process of its user comes last, one by one: beside others it would end theirs. */
export async function eachOf<T extends { readonly id: string; readonly needsOwnUser?: boolean }>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.filter(({ needsOwnUser }) => needsOwnUser !== true);
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const item of items) if (item.needsOwnUser === true) await work(item);
}
