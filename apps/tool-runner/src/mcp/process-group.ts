import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { guardServers } from "./guard.ts";
import { MARK_VARIABLE, newMark } from "./server-mark.ts";
import { Strays } from "./strays.ts";

/**
 * A server runs in a process group of its own, so that what it starts dies with it: signals go to the group, and the
 * group counts as alive until its last member is gone. What has left the group is a stray, and ends with it.
 */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Files that it gets open for reading, from descriptor 3 on. */
  readonly inherits?: readonly string[];
}

export type ServerProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** How long each step of a shutdown may take before the next, in milliseconds. */
export interface Patience {
  /** Between closing stdin and SIGTERM. */
  readonly eofMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly termMs: number;
}

export const SERVING_PATIENCE: Patience = { eofMs: 1500, termMs: 1500 };
/** For a server that never came up: it has no state to save, and the next try waits for its end. */
export const STARTING_PATIENCE: Patience = { eofMs: 100, termMs: 400 };

const POLL_MS = 20;
const KILL_WAIT_MS = 1000;
const marks = new WeakMap<ServerProcess, string>();

/** Starts the process; rejects with the reason (ENOENT, EACCES, …) when it cannot be started. No shell ever sees the arguments. */
export async function spawnGroup({ command, args, cwd, env, inherits = [] }: Command): Promise<ServerProcess> {
  guardServers();
  const mark = newMark();
  const inherited: number[] = [];
  try {
    for (const path of inherits) inherited.push(openSync(path, "r"));
    const child = spawn(command, [...args], {
      cwd,
      env: { ...env, [MARK_VARIABLE]: mark },
      shell: false,
      detached: true,
      windowsHide: true,
      stdio: ["pipe", "pipe", "pipe", ...inherited],
    }) as ServerProcess;
    marks.set(child, mark);
    await once(child, "spawn");
    return child;
  } finally {
    for (const descriptor of inherited) closeSync(descriptor);
  }
}

/** Ends the whole group and its strays: stdin closed, then SIGTERM, then SIGKILL. Resolves when nothing of it runs any more. */
export async function endGroup(child: ServerProcess, patience: Patience): Promise<void> {
  const group = child.pid;
  if (group === undefined) return;
  const strays = new Strays(group, marks.get(child) ?? "");
  await strays.look();
  child.stdin.end();
  await isGoneWithin(child, group, patience.eofMs);
  await strays.look();
  if (isGone(child, group) && !(await strays.areRunning())) return;
  signalGroup(group, "SIGTERM");
  await strays.signal("SIGTERM");
  if ((await isGoneWithin(child, group, patience.termMs)) && (await strays.areGoneWithin(patience.termMs))) return;
  signalGroup(group, "SIGKILL");
  await strays.end();
  await isGoneWithin(child, group, KILL_WAIT_MS);
}

async function isGoneWithin(child: ServerProcess, group: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    if (isGone(child, group)) return true;
    if (performance.now() >= deadline) return false;
    await delay(POLL_MS);
  }
}

function isGone(child: ServerProcess, group: number): boolean {
  return hasExited(child) && !signalGroup(group, 0);
}

export function hasExited({ exitCode, signalCode }: ServerProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** False when no member of the group is left. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
