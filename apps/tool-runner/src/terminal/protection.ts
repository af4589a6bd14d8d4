/** Says plainly, for the log and for `/ready`, what stands between a tool and the machine. */
import type { ToolIdentity } from "./launcher.ts";
import type { Tier } from "./tier.ts";

export interface Protection {
  readonly protected_by: string;
  readonly not_protected: string;
}

export function protectionOf(tier: Tier, identity: ToolIdentity | null): Protection {
  const user = identity
    ? `the user id ${identity.uid}`
    : "the same user as the runner, whose files it can read and write";
  const rules =
    "no shell, commands allowed by name and pinned to system files, minimal environment, timeout, output cap";
  const limits = "no new privileges, limits on memory, processor time, file size and descriptors";
  return {
    protected_by: tier === "T0" ? rules : `${rules}, ${limits}`,
    not_protected: `a command runs as ${user}; files outside the workspace and the network are open to it as to that user`,
  };
}
