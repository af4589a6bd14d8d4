/**
 * Whoever started the runner may have left files, sockets or directories open in it, and a tool would inherit them. Node marks
 * descriptors as close-on-exec at start only up to the first unused number, so those behind it stay open in every child.
 *
 * Everything that Node opens itself carries the mark. So an unmarked descriptor beyond stderr was inherited, and is closed.
 */
import { closeSync, readdirSync, readFileSync } from "node:fs";

const LAST_STANDARD_FD = 2;
const CLOSE_ON_EXEC = 0o2_000_000;

/** To be called before the first tool starts. Answers how many were closed. Does nothing where there is no /proc. */
export function closeInheritedDescriptors(): number {
  let closed = 0;
  for (const fd of openDescriptors()) {
    if (fd > LAST_STANDARD_FD && isInherited(fd) && closes(fd)) closed += 1;
  }
  return closed;
}

function openDescriptors(): number[] {
  try {
    return readdirSync("/proc/self/fd").map(Number);
  } catch {
    return [];
  }
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // The descriptor with which the list was read.
    return false;
  }
}

function closes(fd: number): boolean {
  try {
    closeSync(fd);
    return true;
  } catch {
    return false;
  }
}
