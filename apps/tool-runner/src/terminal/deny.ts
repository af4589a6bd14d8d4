/**
 * Why a command was not run. A denial is a normal answer that the model can read and act on, never an exception, and
 * nothing has been started when there is one.
 */
export const DENY_REASONS = {
  parse_error: "The command line cannot be split into words",
  empty: "There is no command to run",
  invalid_argument: "The arguments of the call are not valid",
  argv_too_long: "The command line is too long",
  not_allowed: "This command is not on the list of allowed commands",
  not_installed: "This command is allowed, but no safe executable of that name is installed here",
  path_not_pinned: "Commands are named without a path, or by the exact path they were found at",
  cwd_outside: "The working directory is outside the workspace",
  cwd_missing: "The working directory does not exist",
  cwd_not_dir: "The working directory is not a directory",
  tier_unavailable: "This needs a stronger sandbox than this machine provides",
} as const;

export type DenyCode = keyof typeof DENY_REASONS;

export interface Denial {
  readonly denied: DenyCode;
  /** A sentence for the model. It never repeats arguments, only the name of a command. */
  readonly message: string;
}

export function deny(code: DenyCode, detail?: string): Denial {
  return { denied: code, message: `${DENY_REASONS[code]}${detail === undefined ? "" : `: ${detail}`}.` };
}

export function isDenial(value: object): value is Denial {
  return "denied" in value;
}
