/** T2: the tool behind the limiter, whose last program also puts Landlock and the seccomp filter in force. */
import { type PathRule, rulesOfCall, rulesOfSystem, setprivOptions } from "./landlock.ts";
import type { LaunchCommand, Launcher, LaunchPlan } from "./launcher.ts";
import type { Limiter } from "./limiter.ts";

export class ConfinedLauncher implements Launcher {
  readonly tier = "T2";
  readonly #limiter: Limiter;
  /** Path of the filter, readable by the tool's user. */
  readonly #filter: string;
  readonly #system: readonly PathRule[];

  constructor(limiter: Limiter, filter: string) {
    this.#limiter = limiter;
    this.#filter = filter;
    // setpriv opens it as itself and becomes the tool: the tool's own entry, and nobody else's.
    this.#system = rulesOfSystem("/proc/self");
  }

  command(plan: LaunchPlan): LaunchCommand {
    const limiter = this.#limiter;
    const confine = [...setprivOptions([...this.#system, ...rulesOfCall(plan)]), "--seccomp-filter", this.#filter];
    return {
      file: limiter.file,
      args: limiter.args(plan.limits, [plan.file, ...plan.args], confine),
      identity: null,
      wrappers: limiter.wrappers,
    };
  }
}
