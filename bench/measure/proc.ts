/** Linux' own accounts of CPU and memory, parsed. Times are in ticks of 10 ms, which every Linux shows to programs. */
export const TICKS_PER_SECOND = 100;

export interface ProcessTicks {
  readonly own: number;
  /** Of children that have ended and were waited for: Redis rewrites its log in one. */
  readonly children: number;
}

/** From `/proc/<pid>/stat`; zero of an empty text. The name in it may hold spaces and parentheses. */
export function processTicks(stat: string): ProcessTicks {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Fields 14 to 17 of proc(5): user and system time, then both of children.
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15).map(Number);
  return { own: user + system, children: childrenUser + childrenSystem };
}

export interface MachineTicks {
  /** Used by processes of this machine. Interrupts are left out: no process is charged for them. */
  readonly busy: number;
  /** Wanted by this machine and given to another on the same host. */
  readonly stolen: number;
}

/** From `/proc/stat`. */
export function machineTicks(stat: string): MachineTicks {
  const [, user = 0, nice = 0, system = 0, , , , , stolen = 0] = stat
    .slice(0, stat.indexOf("\n"))
    .split(/ +/)
    .map(Number);
  return { busy: user + nice + system, stolen };
}

/** Resident memory in kB, from `/proc/<pid>/status`; 0 where it is not told. */
export function residentKb(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}
