/**
 * A launcher turns "run this program" into the command that is really executed: one per tier, each knowing nothing of policy.
 * A new tier is a new launcher, added in detect.ts.
 */
import type { ToolLimits } from "./limits.ts";
import type { Tier } from "./tier.ts";

/** The user a tool runs as; null where the runner is not root and a tool can only be what the runner is. */
export interface ToolIdentity {
  readonly uid: number;
  readonly gid: number;
}

/** What a program may use beyond its workspace, its home and the system's programs. */
export interface Grants {
  /** Canonical paths of files and folders that it may read and execute. */
  readonly read: readonly string[];
  /** Canonical paths of folders that it may read and write. */
  readonly write: readonly string[];
  /** Internet sockets: all of the network that the runner has. */
  readonly network: boolean;
}

export const NO_GRANTS: Grants = { read: [], write: [], network: false };

export interface LaunchPlan {
  /** Absolute path of the program. */
  readonly file: string;
  /** Its arguments, without argv[0]. */
  readonly args: readonly string[];
  /** Canonical path of the directory that the tool may write to. */
  readonly workspace: string;
  /** The private directory of this call, its HOME and TMPDIR. */
  readonly home: string;
  /** Canonical path of the directory it starts in. */
  readonly cwd: string;
  readonly limits: ToolLimits;
  /** Default none. The tiers without a kernel sandbox take no notice of them. */
  readonly grants?: Grants;
}

/** A seccomp filter in a file that the tool's user may read. */
export interface StoredFilter {
  readonly path: string;
  /** Where it is for one process only: removes it. */
  readonly dispose?: () => void;
}

/** `network`: for what may use the Internet. */
export type FilterSource = (network: boolean) => StoredFilter;

/** What spawn gets. `identity` is set where spawn itself has to change the user. */
export interface LaunchCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly identity: ToolIdentity | null;
  /** Programs that run before the tool and execute each other, by the name they put before an error message. */
  readonly wrappers: readonly string[];
  /** Files that it gets open for reading, from descriptor 3 on. */
  readonly inherits?: readonly string[];
  /** To be called when the process has ended, or could not be started. */
  readonly dispose?: (() => void) | undefined;
  /**
   * A wrapper waits for the tool, and what is seen of the end is the wrapper's: it writes the tool's own to the descriptor after
   * those of `inherits` (reported-end.ts).
   */
  readonly reportsEnd?: boolean;
}

export interface Launcher {
  readonly tier: Tier;
  command(plan: LaunchPlan): LaunchCommand;
}

/** What util-linux and the shells' convention agree on: 126 cannot be executed, 127 not found, 1 a failed preparation. */
const WRAPPER_EXIT_CODES: readonly (number | null)[] = [1, 126, 127];

/**
 * The message of a wrapper that could not start the tool, or null. A tool that prints such a message itself only makes its own
 * failure look like that.
 */
export function wrapperFailure(command: LaunchCommand, exitCode: number | null, stderr: Buffer): string | null {
  if (!WRAPPER_EXIT_CODES.includes(exitCode)) return null;
  const message = stderr.toString("utf8", 0, 256).split("\n", 1)[0] ?? "";
  return command.wrappers.some((name) => message.startsWith(`${name}: `)) ? message : null;
}
