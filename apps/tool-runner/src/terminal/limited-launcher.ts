/**
 * T1: choom, prlimit and setpriv, each of which executes the next, so that one process remains.
 *
 * - choom: when memory runs out, the kernel ends the tool and not the runner.
 * - prlimit: processor time, address space, file size, descriptors, no core dumps; processes only with a uid of its own,
 *   because that limit counts everything of the uid, the runner's own threads included.
 * - setpriv: no_new_privs, another user where the runner is root, no capabilities, and SIGKILL when the runner dies. It comes
 *   last because a change of user clears that signal.
 */
import type { LaunchCommand, Launcher, LaunchPlan, ToolIdentity } from "./launcher.ts";
import type { ToolLimits } from "./limits.ts";
import { pinCommand } from "./pin.ts";

const WORST_OOM_SCORE = "1000";

export interface LimiterPrograms {
  readonly choom: string;
  readonly prlimit: string;
  readonly setpriv: string;
}

/** The three programs of util-linux, or the names of those that are missing. */
export function findLimiterPrograms(): LimiterPrograms | { readonly missing: string[] } {
  const [choom, prlimit, setpriv] = ["choom", "prlimit", "setpriv"].map((name) => pinCommand(name)?.path);
  if (choom !== undefined && prlimit !== undefined && setpriv !== undefined) return { choom, prlimit, setpriv };
  const missing = Object.entries({ choom, prlimit, setpriv }).filter(([, path]) => path === undefined);
  return { missing: missing.map(([name]) => name) };
}

export class LimitedLauncher implements Launcher {
  readonly tier = "T1";
  readonly #programs: LimiterPrograms;
  readonly #identity: ToolIdentity | null;

  constructor(programs: LimiterPrograms, identity: ToolIdentity | null) {
    this.#programs = programs;
    this.#identity = identity;
  }

  command(plan: LaunchPlan): LaunchCommand {
    const { choom, prlimit, setpriv } = this.#programs;
    const limits = limitOptions(plan.limits, this.#identity !== null);
    const privileges = privilegeOptions(this.#identity);
    const tool = [plan.file, ...plan.args];
    const args = ["-n", WORST_OOM_SCORE, "--", prlimit, ...limits, "--", setpriv, ...privileges, "--", ...tool];
    // setpriv changes the user, after prlimit could still use the runner's rights.
    return { file: choom, args, identity: null, wrappers: ["choom", "prlimit", "setpriv"] };
  }
}

function limitOptions(limits: ToolLimits, hasOwnUid: boolean): string[] {
  return [
    "--core=0:0",
    `--cpu=${limits.cpuSeconds}:${limits.cpuSeconds}`,
    `--as=${limits.memoryBytes}:${limits.memoryBytes}`,
    `--fsize=${limits.fileBytes}:${limits.fileBytes}`,
    `--nofile=${limits.openFiles}:${limits.openFiles}`,
    ...(hasOwnUid ? [`--nproc=${limits.processes}:${limits.processes}`] : []),
  ];
}

function privilegeOptions(identity: ToolIdentity | null): string[] {
  const common = ["--nnp", "--pdeathsig", "KILL", "--inh-caps=-all", "--ambient-caps=-all"];
  if (identity === null) return common;
  return [...common, `--reuid=${identity.uid}`, `--regid=${identity.gid}`, "--clear-groups", "--bounding-set=-all"];
}
