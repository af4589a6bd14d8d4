/** T1: the tool behind the limiter. */
import type { LaunchCommand, Launcher, LaunchPlan } from "./launcher.ts";
import type { Limiter } from "./limiter.ts";

export class LimitedLauncher implements Launcher {
  readonly tier = "T1";
  readonly #limiter: Limiter;

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
  }

  command({ file, args, limits }: LaunchPlan): LaunchCommand {
    const limiter = this.#limiter;
    // setpriv changes the user, after prlimit could still use the runner's rights.
    return {
      file: limiter.file,
      args: limiter.args(limits, [file, ...args]),
      identity: null,
      wrappers: limiter.wrappers,
    };
  }
}
