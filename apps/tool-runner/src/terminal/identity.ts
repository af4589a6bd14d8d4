/** Decides which user tools run as. */
import type { ToolIdentity } from "./launcher.ts";

/** `nobody` and `nogroup`: nothing on a sane machine belongs to them. */
export const NOBODY = 65_534;

/**
 * Never root, for which no limit holds and every file is open. A runner that is root gives its tools `toolUid`; any other
 * runner cannot change user, so its tools share its own: null.
 */
export function chooseIdentity(runnerUid: number | undefined, toolUid: number | undefined): ToolIdentity | null {
  if (toolUid !== undefined && (!Number.isInteger(toolUid) || toolUid < 1)) {
    throw new RangeError("the user id of tools must be a positive integer: tools never run as root");
  }
  if (runnerUid !== 0) return null;
  const uid = toolUid ?? NOBODY;
  return { uid, gid: uid };
}
