/**
 * A service as users run it: its real main.ts in a process of its own, known only by its environment, its log and its signals.
 * The environment is what the test gives plus PATH, HOME, TMPDIR, LANG and a cache of compiled code, so nothing of the developer's
 * machine leaks in.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { nodeFor } from "./node-binary.ts";
import { reapGroup, releaseGroup } from "./reaper.ts";

const LAST_LINES_MS = 250;
/** Where `npm start` keeps it too: stripping and compiling the sources is half of what a start costs. */
const COMPILE_CACHE = fileURLToPath(new URL("../../../.cache/compile", import.meta.url));

/** One JSON line of a service's log (protocol §8.1), with any fields. */
export interface LogLine {
  timestamp?: string;
  level?: string;
  message?: string;
  service?: string;
  [field: string]: unknown;
}

/** The line with `"message":"ready"`: where the service listens, as far as it says so. */
export interface ReadyLine extends LogLine {
  url?: string;
  port?: number;
  admin_url?: string;
}

export interface ServiceExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ServiceOptions {
  /** For error messages. */
  name: string;
  /** Absolute path of main.ts. */
  entry: string;
  env?: Record<string, string | undefined>;
  args?: string[];
  cwd?: string;
}

export interface TestService {
  readonly name: string;
  readonly pid: number;
  /** Every JSON line so far; the array grows. */
  readonly logs: LogLine[];
  /** Lines on stdout that are not JSON, and everything on stderr. */
  readonly output: string[];
  readonly exit: Promise<ServiceExit>;
  /** The ready line; rejects with the last output when the process ends first or `timeoutMs` (60000) pass. */
  waitForReady(timeoutMs?: number): Promise<ReadyLine>;
  /** The first line, already logged or still to come, that matches. */
  waitForLog(matches: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>;
  /** SIGTERM, then the exit. A service that has not ended after `timeoutMs` (15000) is killed, and that is an error. */
  stop(timeoutMs?: number): Promise<ServiceExit>;
  /** Sends a signal (default SIGKILL) to the service alone, not to its children; does not wait. */
  kill(signal?: NodeJS.Signals): void;
}

export function spawnService(options: ServiceOptions): TestService {
  const args = ["--conditions=source", "--disable-warning=ExperimentalWarning", options.entry, ...(options.args ?? [])];
  const child = spawn(nodeFor(options.entry), args, {
    // A group of its own, so that what it leaves behind can be cleaned up and Ctrl-C reaches only the test process.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: serviceEnvironment(options.env ?? {}),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  return new SpawnedService(options.name, child);
}

function serviceEnvironment(given: Record<string, string | undefined>): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { NODE_COMPILE_CACHE: COMPILE_CACHE };
  for (const name of ["PATH", "HOME", "TMPDIR", "LANG", "NODE_V8_COVERAGE"]) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  for (const [name, value] of Object.entries(given)) if (value !== undefined) env[name] = value;
  return env;
}

class SpawnedService implements TestService {
  readonly name: string;
  readonly pid: number;
  readonly logs: LogLine[] = [];
  readonly output: string[] = [];
  readonly exit: Promise<ServiceExit>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #watchers = new Set<() => void>();
  #ended: ServiceExit | undefined;

  constructor(name: string, child: ChildProcessByStdio<null, Readable, Readable>) {
    this.name = name;
    this.pid = child.pid ?? -1;
    this.#child = child;
    if (child.pid !== undefined) reapGroup(child.pid);
    this.exit = new Promise((resolve) => {
      const settle = (code: number | null, signal: NodeJS.Signals | null) => {
        if (this.#ended) return;
        this.#ended = { code, signal };
        releaseGroup(this.pid);
        this.#notify();
        resolve(this.#ended);
      };
      child.once("error", (error) => this.output.push(error.message));
      // "close" means that the last lines of the log have arrived. It may never come: a child that outlives a killed service
      // keeps the pipe open.
      child.once("close", settle);
      child.once("exit", (code, signal) => setTimeout(settle, LAST_LINES_MS, code, signal));
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.#readLine(line));
    createInterface({ input: child.stderr }).on("line", (line) => this.output.push(line));
  }

  waitForReady(timeoutMs?: number): Promise<ReadyLine> {
    return this.waitForLog((line) => line.message === "ready", timeoutMs);
  }

  waitForLog(matches: (line: LogLine) => boolean, timeoutMs = 60_000): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        finish();
      };
      const look = () => {
        const line = this.logs.find(matches);
        if (line) settle(() => resolve(line));
        else if (this.#ended)
          settle(() => reject(this.#failure(`ended (${JSON.stringify(this.#ended)}) before the awaited line`)));
      };
      const timer = setTimeout(
        () => settle(() => reject(this.#failure(`did not log the awaited line within ${timeoutMs} ms`))),
        timeoutMs,
      );
      this.#watchers.add(look);
      look();
    });
  }

  async stop(timeoutMs = 15_000): Promise<ServiceExit> {
    if (this.#ended) return this.#ended;
    this.kill("SIGTERM");
    let isOverdue = false;
    const timer = setTimeout(() => {
      isOverdue = true;
      this.kill("SIGKILL");
    }, timeoutMs);
    const exit = await this.exit;
    clearTimeout(timer);
    if (isOverdue) throw this.#failure(`did not end within ${timeoutMs} ms of SIGTERM`);
    return exit;
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#child.kill(signal);
  }

  #readLine(line: string): void {
    const parsed = parseJsonObject(line);
    if (parsed) this.logs.push(parsed);
    else this.output.push(line);
    this.#notify();
  }

  #notify(): void {
    for (const look of this.#watchers) look();
  }

  #failure(what: string): Error {
    const tail = [...this.logs.slice(-10).map((line) => JSON.stringify(line)), ...this.output.slice(-20)];
    return new Error(`${this.name} ${what}\n${tail.join("\n")}`);
  }
}

function parseJsonObject(line: string): LogLine | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
