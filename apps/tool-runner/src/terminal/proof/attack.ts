/**
 * Attacks as data. Each says what it runs, by what its success is seen, and which tiers must stop it. The table is exact: at
 * every other tier, and without the terminal at all, the attack is seen to succeed, or it would prove nothing.
 *
 * In the texts `{root}` is the workspace, `{outside}` a directory beside it that the tool's user owns, with `secret.txt` and
 * `precious.txt`, `{pid}` another process of that user, `{mark}` a number that nobody else uses, and `{port}`, `{udp}`,
 * `{socket}` and `{abstract}` are where somebody listens.
 */
import type { ToolLimits } from "../limits.ts";
import type { Tier } from "../tier.ts";

/**
 * - reads: the secret is printed, or found in the workspace.
 * - writes: something outside the workspace has changed.
 * - connects: somebody who listens heard of it.
 * - signals: the other process has ended.
 * - outlives: a process with `{mark}` among its arguments is alive after the call.
 * - does: it printed DONE, which stands in no attack in one piece.
 * - runs: the command was run and ended well.
 * - disguises: the text for the model has control characters.
 * - floods: more was kept of the output than the cap allows.
 * - hoards: it got more of something than its limit.
 */
export type Sign =
  | "reads"
  | "writes"
  | "connects"
  | "signals"
  | "outlives"
  | "does"
  | "runs"
  | "disguises"
  | "floods"
  | "hoards";

export interface Attack {
  readonly id: string;
  /** Words, or a line that is split. */
  readonly command: readonly string[] | string;
  readonly cwd?: string;
  /** Put into the workspace before: text by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Symbolic links in the workspace: target by path. */
  readonly links?: Readonly<Record<string, string>>;
  readonly sign: Sign;
  readonly stoppedAt: readonly Tier[];
  readonly limits?: Partial<ToolLimits>;
  readonly timeoutMs?: number;
  readonly envAllow?: readonly string[];
  /** It begins with a program that is not on the allowlist. */
  readonly isNotAllowed?: boolean;
  /** Without a user of its own it would hit whoever tries it. */
  readonly needsOwnUser?: boolean;
}

export const EVERYWHERE: readonly Tier[] = ["T0", "T1", "T2", "T3"];
export const FROM_T1: readonly Tier[] = ["T1", "T2", "T3"];
export const FROM_T2: readonly Tier[] = ["T2", "T3"];
export const ONLY_T3: readonly Tier[] = ["T3"];

/** Several attacks that are seen and stopped in the same way. */
export function attacks(
  common: Omit<Attack, "id" | "command">,
  commands: Readonly<Record<string, Attack["command"]>>,
): Attack[] {
  return Object.entries(commands).map(([id, command]) => ({ id, command, ...common }));
}
