/**
 * T0: the program itself. Two things are added where they can be had, because they protect the runner: a tool is never root,
 * and when memory runs out the kernel ends the tool first (choom).
 */
import type { LaunchCommand, Launcher, LaunchPlan, ToolIdentity } from "./launcher.ts";
import { pinCommand } from "./pin.ts";

const WORST_OOM_SCORE = "1000";

export class PlainLauncher implements Launcher {
  readonly tier = "T0";
  readonly #identity: ToolIdentity | null;
  readonly #choom: string | undefined;

  constructor(identity: ToolIdentity | null, choom = pinCommand("choom")?.path) {
    this.#identity = identity;
    this.#choom = choom;
  }

  command(plan: LaunchPlan): LaunchCommand {
    const identity = this.#identity;
    if (this.#choom === undefined) return { file: plan.file, args: plan.args, identity, wrappers: [] };
    const args = ["-n", WORST_OOM_SCORE, "--", plan.file, ...plan.args];
    return { file: this.#choom, args, identity, wrappers: ["choom"] };
  }
}
