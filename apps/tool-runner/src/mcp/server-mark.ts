import { readdir, readFile } from "node:fs/promises";
import { isOfDeadProcess, ownMark } from "../terminal/process-mark.ts";

/**
 * Which processes are whose. Every server gets a mark in its environment, and what it starts inherits it, also where that
 * leaves the server's process group and its parent ends. The mark begins with its runner's, so that what a killed runner
 * left behind is known too. A process that hides its environment is found as a child of the server while that lives.
 */
export const MARK_VARIABLE = "MCP_SERVER_MARK";

/** A process is known by its id together with its start, because ids are used again. */
export interface FoundProcess {
  readonly pid: number;
  readonly parent: number;
  readonly startTime: string;
}

let servers = 0;

/** For a new server process. */
export function newMark(): string {
  servers += 1;
  return `${ownMark()}-${servers}`;
}

/** Of all servers of this runner. */
export function ownPrefix(): string {
  return `${ownMark()}-`;
}

/** Every running process with this mark. Empty where there is no /proc. */
export function processesMarked(mark: string): Promise<FoundProcess[]> {
  return processesWhere((found) => found === mark);
}

/** Every running process of a server whose runner is dead. */
export function processesOfDeadRunners(): Promise<FoundProcess[]> {
  return processesWhere(isOfDeadProcess);
}

/** The children of a process, and theirs. */
export async function descendantsOf(pid: number): Promise<FoundProcess[]> {
  const all = await Promise.all((await pids()).map(readProcess));
  const found: FoundProcess[] = [];
  for (const parents = [pid]; parents.length > 0; ) {
    const parent = parents.pop();
    const children = all.filter((one) => one?.parent === parent && !found.includes(one as FoundProcess));
    for (const child of children as FoundProcess[]) {
      found.push(child);
      parents.push(child.pid);
    }
  }
  return found;
}

export async function isStillRunning({ pid, startTime }: FoundProcess): Promise<boolean> {
  return (await readProcess(pid))?.startTime === startTime;
}

async function processesWhere(isMeant: (mark: string) => boolean): Promise<FoundProcess[]> {
  const found = await Promise.all(
    (await pids()).map(async (pid) => {
      const mark = await markOf(pid);
      return mark !== undefined && isMeant(mark) ? readProcess(pid) : undefined;
    }),
  );
  return found.filter((one) => one !== undefined);
}

async function pids(): Promise<number[]> {
  const entries = await readdir("/proc").catch(() => []);
  return entries.map(Number).filter((pid) => pid > 0);
}

async function markOf(pid: number): Promise<string | undefined> {
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  const start = `\0${environment}`.indexOf(`\0${MARK_VARIABLE}=`);
  if (start === -1) return undefined;
  return environment.slice(start + MARK_VARIABLE.length + 1).split("\0", 1)[0];
}

/** Undefined where it does not run: also where it is dead and only not yet collected. */
async function readProcess(pid: number): Promise<FoundProcess | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the command in parentheses, which may contain anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent, startTime] = [fields[0], fields[1], fields[19]];
  if (state === undefined || startTime === undefined || state === "Z" || state === "X") return undefined;
  return { pid, parent: Number(parent), startTime };
}
