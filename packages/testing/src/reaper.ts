/**
 * Nothing that a test started outlives the test process, however that process ends.
 *
 * Exit handlers do not run on SIGKILL, and jest gives tests a copy of `process` whose exit event never fires. So one small
 * shell waits on a pipe from this process. Each line it reads is the whole list of what is alive now: process groups and
 * directories. When the pipe closes, because this process ended in any way, it kills those groups and removes those
 * directories. The shell runs only while the list is not empty.
 */
import { spawn, type ChildProcess } from "node:child_process";

const groups = new Set<number>();
const directories = new Set<string>();
let shell: ChildProcess | undefined;

const SCRIPT = `
trap '' INT TERM HUP
groups=; directories=
while IFS='|' read -r g d; do groups=$g; directories=$d; done
for g in $groups; do kill -s KILL -- "-$g" 2>/dev/null; done
for d in $directories; do rm -rf -- "$d"; done
`;

/** Has the process group of a child started with `detached: true` killed when this process ends. */
export function reapGroup(pid: number): void {
  groups.add(pid);
  publish();
}

/** Forgets a group that has ended. One that left members behind (orphans of a killed service) is kept for the reaper. */
export function releaseGroup(pid: number): void {
  if (hasMembers(pid)) return;
  groups.delete(pid);
  publish();
}

/** Has a directory (a path without spaces) removed when this process ends. */
export function reapDirectory(path: string): void {
  directories.add(path);
  publish();
}

export function releaseDirectory(path: string): void {
  directories.delete(path);
  publish();
}

function hasMembers(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

function publish(): void {
  const isEmpty = groups.size === 0 && directories.size === 0;
  if (isEmpty && shell === undefined) return;
  shell ??= startShell();
  shell.stdin?.write(`${[...groups].join(" ")}|${[...directories].join(" ")}\n`);
  if (!isEmpty) return;
  shell.stdin?.end();
  shell = undefined;
}

function startShell(): ChildProcess {
  const child = spawn("/bin/sh", ["-c", SCRIPT], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  // The waiting shell must not be what keeps a finished test process running.
  child.unref();
  const { stdin } = child;
  if (stdin && "unref" in stdin && typeof stdin.unref === "function") stdin.unref();
  stdin?.on("error", () => {});
  return child;
}
