/**
 * Runs one process to its end and always comes back.
 *
 * - No shell, no stdin, a process group of its own.
 * - The end is the exit of the command, not the closing of its pipes: a grandchild may hold those for ever. After the exit
 *   the rest of the group is killed, the pipes get a moment to drain, and then they are destroyed.
 * - A process that cannot even be killed (blocked in the kernel) is given up after a while.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import type { Readable } from "node:stream";
import type { LaunchCommand } from "./launcher.ts";
import type { OutputStream } from "./live-output.ts";
import { OutputHead } from "./output-head.ts";
import { readReport } from "./reported-end.ts";
import { GroupStop, type StopReason } from "./terminate.ts";

const DRAIN_MS = 400;
/** How long a process may outlive the time at which it was due to end. */
const UNKILLABLE_MS = 5_000;
/** The longest delay a timer can have. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Why a signal is aborted whose command took more room than it may; any other reason is a cancel. */
export const QUOTA_EXCEEDED = "quota_exceeded";

export interface ProcessOptions {
  readonly command: LaunchCommand;
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly timeoutMs: number;
  /** Per stream. */
  readonly capBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Gets the bytes within the cap as they come. */
  readonly onBytes?: (stream: OutputStream, bytes: Buffer) => void;
}

export interface ProcessEnd {
  /** Set where the runner ended it. */
  readonly stopped: StopReason | undefined;
  /** Both null where the process was given up. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: OutputHead;
  readonly stderr: OutputHead;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;
interface SpawnFailure {
  readonly spawnError: Error;
}
export type Exit = Pick<ProcessEnd, "exitCode" | "signal">;

export async function runProcess(options: ProcessOptions): Promise<ProcessEnd | SpawnFailure> {
  try {
    return await run(options);
  } finally {
    options.command.dispose?.();
  }
}

async function run(options: ProcessOptions): Promise<ProcessEnd | SpawnFailure> {
  const child = await start(options);
  if ("spawnError" in child) return child;

  const stop = new GroupStop(child.pid);
  const closed = new Promise((resolve) => child.process.once("close", resolve));
  const collect = (stream: OutputStream) => {
    const head = new OutputHead(options.capBytes);
    // A pipe that breaks is a stream that ended.
    child.process[stream].on("error", () => {});
    child.process[stream].on("data", (chunk: Buffer) => {
      const kept = head.push(chunk);
      if (kept.length > 0) options.onBytes?.(stream, kept);
      if (head.isFlooded) stop.begin("output_limit");
    });
    return head;
  };
  const stdout = collect("stdout");
  const stderr = collect("stderr");

  const report = options.command.reportsEnd === true ? readReport(child.process.stdio.at(-1) as Readable) : undefined;

  const exit = await ended(child.process, stop, options);
  await within(DRAIN_MS, closed);
  child.process.stdout.destroy();
  child.process.stderr.destroy();
  child.process.unref();
  return { stopped: stop.reason, ...(report?.(exit) ?? exit), stdout, stderr };
}

async function start({ command, cwd, env }: ProcessOptions): Promise<{ process: Child; pid: number } | SpawnFailure> {
  const inherited: number[] = [];
  try {
    for (const path of command.inherits ?? []) inherited.push(openSync(path, "r"));
    const child = spawn(command.file, command.args, {
      cwd,
      env,
      shell: false,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", ...inherited, ...(command.reportsEnd === true ? (["pipe"] as const) : [])],
      ...command.identity,
    }) as Child;
    if (child.pid !== undefined) return { process: child, pid: child.pid };
    const [spawnError] = (await once(child, "error")) as [Error];
    return { spawnError };
  } catch (error) {
    return { spawnError: error as Error };
  } finally {
    for (const descriptor of inherited) closeSync(descriptor);
  }
}

/** Resolves when the command has exited, by itself or because of the timeout, the caller's signal or a flood of output. */
async function ended(child: Child, stop: GroupStop, { timeoutMs, signal }: ProcessOptions): Promise<Exit> {
  const dueMs = Math.min(timeoutMs, MAX_TIMER_MS);
  const timeout = setTimeout(() => stop.begin("timed_out"), dueMs);
  const onAbort = () => stop.begin(signal?.reason === QUOTA_EXCEEDED ? "quota_exceeded" : "cancelled");
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  let giveUpTimer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Exit>((resolve) => {
      giveUpTimer = setTimeout(
        () => resolve({ exitCode: null, signal: null }),
        Math.min(dueMs + UNKILLABLE_MS, MAX_TIMER_MS),
      );
      child.once("exit", (exitCode, exitSignal) => {
        // Without delay: the number of an empty group could be given to somebody else.
        stop.end();
        resolve({ exitCode, signal: exitSignal });
      });
    });
  } finally {
    clearTimeout(timeout);
    clearTimeout(giveUpTimer);
    signal?.removeEventListener("abort", onAbort);
  }
}

async function within(milliseconds: number, event: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([event, elapsed]);
  clearTimeout(timer);
}
