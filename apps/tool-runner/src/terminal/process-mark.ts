/**
 * Names a process so that a later one can tell whether it still runs, although process ids are used again: its PID namespace
 * (a container's 7 is not the host's 7), its id and when it started.
 */
import { readFileSync, readlinkSync } from "node:fs";

/** For example `4026531836-4711-908070`; only digits and hyphens, so it can be part of a file's name. */
export function ownMark(): string {
  return `${ownNamespace()}-${process.pid}-${startTimeOf(process.pid) ?? 0}`;
}

/** False for a mark of another namespace, whose processes cannot be seen from here. */
export function isOfDeadProcess(mark: string): boolean {
  const [namespace, pid, startTime] = mark.split("-").map(Number);
  if (pid === undefined || namespace === 0 || namespace !== ownNamespace()) return false;
  return startTimeOf(pid) !== startTime;
}

/** 0 where there is no /proc. */
function ownNamespace(): number {
  try {
    return Number(/\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? 0);
  } catch {
    return 0;
  }
}

/** Clock ticks between the boot of the machine and the start of the process; undefined when it does not run, collected or not. */
function startTimeOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the command in parentheses, which may contain anything; the start is the 20th after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}
