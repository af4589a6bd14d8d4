/** Processes and groups of them. A pid from a file may long belong to somebody else, so it is asked what it runs. */
import type { ChildProcess } from "node:child_process";
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

/** Signals the whole group of a child that was started with `detached: true`. */
export function signalGroup(child: Pick<ChildProcess, "pid">, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended.
  }
}
