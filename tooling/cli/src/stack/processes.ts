/** Questions about processes that are not our children: a pid from a file may long belong to somebody else. */
import { readFileSync } from "node:fs";
import { answerOf } from "../commands.ts";

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A killed process whose parent has not collected it yet is still there, but does nothing any more. */
function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** The command line of a process, arguments separated by spaces; empty when it cannot be read. */
export function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return answerOf("ps", ["-o", "command=", "-p", String(pid)]) ?? "";
  }
}
