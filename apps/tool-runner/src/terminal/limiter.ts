/**
 * What every tier from T1 on begins with: choom, prlimit and setpriv, each of which executes the next, so that one process
 * remains.
 *
 * - choom: when memory runs out, the kernel ends the tool and not the runner.
 * - prlimit: processor time, address space, file size, descriptors, processes, no core dumps.
 * - setpriv: no_new_privs, another user where the runner is root, no capabilities, and SIGKILL when the runner dies. It comes
 *   last because a change of user clears that signal.
 */
import type { ToolIdentity } from "./launcher.ts";
import type { ToolLimits } from "./limits.ts";
import { pinAll } from "./pin.ts";
import { tasksOfOwnUser } from "./task-count.ts";

const WORST_OOM_SCORE = "1000";
const DIES_WITH_RUNNER = ["--pdeathsig", "KILL"];

export interface LimiterPrograms {
  readonly choom: string;
  readonly prlimit: string;
  readonly setpriv: string;
}

/** The three programs of util-linux, or the names of those that are missing. */
export function findLimiterPrograms(): LimiterPrograms | { readonly missing: string[] } {
  return pinAll(["choom", "prlimit", "setpriv"]);
}

export interface LimiterOptions {
  readonly programs: LimiterPrograms;
  readonly identity: ToolIdentity | null;
  /**
   * The kernel counts all processes of a user, in every container of the machine. Where tools share the runner's user, some
   * that cannot be seen from here may use the limit up; then it has to be left out.
   */
  readonly canLimitProcesses: boolean;
}

export class Limiter {
  readonly #options: LimiterOptions;

  constructor(options: LimiterOptions) {
    this.#options = options;
  }

  get wrappers(): readonly string[] {
    return ["choom", "prlimit", "setpriv"];
  }

  get file(): string {
    return this.#options.programs.choom;
  }

  get identity(): ToolIdentity | null {
    return this.#options.identity;
  }

  /** The arguments of `file` that run `tool`, a program with its arguments. `more` are further options of setpriv. */
  args(limits: ToolLimits, tool: readonly string[], more: readonly string[] = []): string[] {
    const options = [...DIES_WITH_RUNNER, ...this.#privilegeOptions(), ...more];
    return this.#args(limits, [this.#options.programs.setpriv, ...options, "--", ...tool]);
  }

  /** As `args`, for a program that still needs the runner's rights and drops them with `dropRights`. */
  argsWithRights(limits: ToolLimits, program: readonly string[]): string[] {
    return this.#args(limits, [this.#options.programs.setpriv, ...DIES_WITH_RUNNER, "--", ...program]);
  }

  /** To be put before a program that may have no rights any more. */
  dropRights(): string[] {
    return [this.#options.programs.setpriv, ...this.#privilegeOptions(), "--"];
  }

  #args(limits: ToolLimits, program: readonly string[]): string[] {
    return [
      "-n",
      WORST_OOM_SCORE,
      "--",
      this.#options.programs.prlimit,
      ...this.#limitOptions(limits),
      "--",
      ...program,
    ];
  }

  #limitOptions(limits: ToolLimits): string[] {
    return [
      "--core=0:0",
      ...limitOption("cpu", limits.cpuSeconds),
      ...limitOption("as", limits.memoryBytes),
      ...limitOption("fsize", limits.fileBytes),
      ...limitOption("nofile", limits.openFiles),
      ...this.#processLimit(limits.processes),
    ];
  }

  #processLimit(processes: number): string[] {
    const { identity, canLimitProcesses } = this.#options;
    if (!canLimitProcesses) return [];
    // What the runner itself has started is not the tool's.
    const limit = processes + (identity === null ? tasksOfOwnUser() : 0);
    return limitOption("nproc", limit);
  }

  #privilegeOptions(): string[] {
    const { identity } = this.#options;
    const common = ["--nnp", "--inh-caps=-all", "--ambient-caps=-all"];
    if (identity === null) return common;
    return [...common, `--reuid=${identity.uid}`, `--regid=${identity.gid}`, "--clear-groups", "--bounding-set=-all"];
  }
}

/** Where there is no limit, the runner's own is kept. */
function limitOption(name: string, limit: number): string[] {
  return Number.isFinite(limit) ? [`--${name}=${limit}:${limit}`] : [];
}
