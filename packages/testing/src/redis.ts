/**
 * A real redis-server of its own for a test: free port, 127.0.0.1 only, no RDB snapshots, temporary directory.
 * A machine without redis-server fails the test with the name of the package to install; it never skips.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, statfsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { reapDirectory, reapGroup, releaseDirectory, releaseGroup } from "./reaper.ts";
import { isServing } from "./redis-ping.ts";
import { until } from "./until.ts";

export interface RedisOptions {
  /** Append-only file, so that data survives kill and restart; default off. */
  aof?: boolean;
  /** Default: a free one. */
  port?: number;
  /** Data directory; default a temporary one, removed by stop(). A given one is kept. */
  dir?: string;
  /**
   * Its data on a memory file system, where there is a roomy one: a disk that stands still makes Redis hold back what it has
   * acknowledged, so killing it then is two faults and not one.
   */
  onMemory?: boolean;
  /** As redis.conf has it, for example "64mb"; eviction stays off, so that a full server refuses writes. */
  maxmemory?: string;
  /** More redis-server arguments, for example ["--cluster-enabled", "yes"]. */
  args?: string[];
  /** Makes it a Sentinel: its configuration file, which it rewrites itself. */
  sentinel?: string[];
}

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  /** Of the running process; changes with restart(). */
  readonly pid: number;
  /** Ends the server and removes its temporary directory. Safe to call twice. */
  stop(): Promise<void>;
  /** Ends the process with a signal (default SIGKILL) and waits until it is gone. Directory and port are kept. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, after ending it if it runs, with the same directory and port; resolves when it answers. */
  restart(): Promise<void>;
}

export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const dir = options.dir ?? (await mkdtemp(join(options.onMemory ? memoryFolder() : tmpdir(), "holdfast-redis-")));
  const isTemporary = options.dir === undefined;
  if (isTemporary) reapDirectory(dir);
  let { child, port } = await startOnSomePort(dir, options);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return child.pid ?? -1;
    },
    async stop() {
      await end(child, "SIGKILL");
      if (!isTemporary) return;
      await rm(dir, { recursive: true, force: true });
      releaseDirectory(dir);
    },
    kill: (signal = "SIGKILL") => end(child, signal),
    async restart() {
      await end(child, "SIGTERM");
      child = await launch(port, dir, options);
    },
  };
}

const MEMORY_FOLDER = "/dev/shm";
const ROOMY_BYTES = 2 ** 30;

function memoryFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
    accessSync(MEMORY_FOLDER, constants.W_OK);
    return bavail * bsize >= ROOMY_BYTES ? MEMORY_FOLDER : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Somebody may take a free port before redis-server binds it; unless the port was asked for, another is tried. */
async function startOnSomePort(dir: string, options: RedisOptions): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    try {
      return { child: await launch(port, dir, options), port };
    } catch (error) {
      const isPortTaken = error instanceof RedisEnded && error.output.includes("Address already in use");
      if (!isPortTaken || options.port !== undefined || attempt === 5) throw error;
    }
  }
}

class RedisEnded extends Error {
  readonly output: string;
  constructor(output: string) {
    super(`redis-server ended before it was ready:\n${output}`);
    this.output = output;
  }
}

async function launch(port: number, dir: string, options: RedisOptions): Promise<ChildProcess> {
  const program = process.env["REDIS_SERVER"] ?? "redis-server";
  const given = options.sentinel
    ? await sentinelArguments(port, dir, options.sentinel)
    : redisArguments(port, dir, options);
  const child = spawn(program, given, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  try {
    await once(child, "spawn");
  } catch (cause) {
    throw new Error(
      `cannot start "${program}": install Redis 7 or later (Debian and Ubuntu: apt-get install redis-server; macOS: brew install redis) or set REDIS_SERVER to its path`,
      { cause },
    );
  }
  const pid = child.pid ?? -1;
  reapGroup(pid);
  child.once("exit", () => releaseGroup(pid));
  await until(async () => hasEnded(child) || (await isServing(port, pid)), {
    intervalMs: 5,
    timeoutMs: 20_000,
    what: "redis-server serves",
  });
  if (hasEnded(child)) throw new RedisEnded(output);
  return child;
}

function redisArguments(port: number, dir: string, { aof = false, maxmemory, args = [] }: RedisOptions): string[] {
  const memory = maxmemory === undefined ? [] : ["--maxmemory", maxmemory, "--maxmemory-policy", "noeviction"];
  return [
    "--port",
    `${port}`,
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--dir",
    dir,
    "--appendonly",
    aof ? "yes" : "no",
    ...memory,
    ...args,
  ];
}

async function sentinelArguments(port: number, dir: string, lines: readonly string[]): Promise<string[]> {
  const path = join(dir, "sentinel.conf");
  const text = ["bind 127.0.0.1", `dir ${dir}`, ...lines, ""].join("\n");
  // What it has learnt stands in the file as well: one that is there is kept. The port may be another at the next try.
  await writeFile(path, text, { flag: "wx" }).catch(() => undefined);
  return [path, "--sentinel", "--port", `${port}`];
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}
