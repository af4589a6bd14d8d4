/** T2: the tool behind the limiter, whose last program also puts Landlock and the seccomp filter in force. */
import { type PathRule, rulesOfCall, rulesOfSystem, setprivOptions } from "./landlock.ts";
import type { FilterSource, LaunchCommand, Launcher, LaunchPlan } from "./launcher.ts";
import type { Limiter } from "./limiter.ts";

export class ConfinedLauncher implements Launcher {
  readonly tier = "T2";
  readonly #limiter: Limiter;
  readonly #filters: FilterSource;
  readonly #system: readonly PathRule[];

  constructor(limiter: Limiter, filters: FilterSource) {
    this.#limiter = limiter;
    this.#filters = filters;
    // setpriv opens it as itself and becomes the tool: the tool's own entry, and nobody else's.
    this.#system = rulesOfSystem("/proc/self");
  }

  command(plan: LaunchPlan): LaunchCommand {
    const limiter = this.#limiter;
    const { path, dispose } = this.#filters(plan.grants?.network === true);
    const confine = [...setprivOptions([...this.#system, ...rulesOfCall(plan)]), "--seccomp-filter", path];
    return {
      file: limiter.file,
      args: limiter.args(plan.limits, [plan.file, ...plan.args], confine),
      identity: null,
      wrappers: limiter.wrappers,
      dispose,
    };
  }
}
