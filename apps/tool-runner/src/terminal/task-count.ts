/** How many processes and threads the runner's user has, as far as they can be seen from here. */
import { readdirSync, readFileSync } from "node:fs";

/** Counting reads a file per process, so an answer holds for a while. */
const FRESH_MS = 2_000;

let counted = { tasks: 0, atMs: Number.NEGATIVE_INFINITY };

export function tasksOfOwnUser(): number {
  const nowMs = performance.now();
  if (nowMs - counted.atMs > FRESH_MS) counted = { tasks: count(), atMs: nowMs };
  return counted.tasks;
}

function count(): number {
  const uid = String(process.getuid?.());
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, pid) => sum + tasksOf(pid, uid), 0);
}

function tasksOf(pid: string, uid: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    if (/^Uid:\s+(\d+)/m.exec(status)?.[1] !== uid) return 0;
    return Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 1);
  } catch {
    // Ended meanwhile.
    return 0;
  }
}
