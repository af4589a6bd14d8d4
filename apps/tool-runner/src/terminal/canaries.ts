/**
 * Attacks that a sandbox must stop, made on purpose at start. Each is judged by what came of it and not by what the program
 * said: a file that appeared, a secret that was printed, a connection that arrived, a process that lives on.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { access, chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Launcher, type ToolIdentity, wrapperFailure } from "./launcher.ts";
import { DEFAULT_LIMITS, withinOwnLimits } from "./limits.ts";
import { pinCommand, SEARCH_PATH } from "./pin.ts";
import { adoptDirectory } from "./adopt-directory.ts";
import { temporaryDirectory } from "./private-homes.ts";
import { type ProcessEnd, runProcess } from "./run-process.ts";

const TIMEOUT_MS = 10_000;
const CAP_BYTES = 16_384;
/** Long enough for a program to have begun, short enough for a start. */
const CUT_SHORT_MS = 100;
/** How often to look whether a killed process has gone, and how many times. */
const LOOK_EVERY_MS = 25;
const LAST_LOOK = 40;

/** A place for the canaries: what a tool may use, and what it must not reach. */
interface Cage {
  readonly launcher: Launcher;
  readonly workspace: string;
  readonly home: string;
  readonly outside: string;
}

/** Answers what the launcher let through, in words for an operator; null where it stopped the attack. */
type Canary = (cage: Cage) => Promise<string | null>;

const CANARIES: Readonly<Record<string, Canary>> = {
  async write(cage) {
    const path = join(cage.outside, "written");
    await run(cage, "touch", [path]);
    return (await exists(path)) ? "a file outside the workspace could be written" : null;
  },

  async read(cage) {
    const secret = randomUUID();
    const path = join(cage.outside, "secret");
    await writeFile(path, secret, { mode: 0o644 });
    return (await output(cage, "cat", [path])).includes(secret) ? "a file outside the workspace could be read" : null;
  },

  async execute(cage) {
    const path = join(cage.workspace, "program");
    await writeFile(path, "#!/bin/sh\necho executed\n", { mode: 0o755 });
    return (await output(cage, "env", [path])).includes("executed")
      ? "a file of the workspace could be executed"
      : null;
  },

  async environment(cage) {
    const printed = await output(cage, "cat", [`/proc/${process.pid}/environ`]);
    // In a namespace of its own the number may be another process's.
    const isOurs = printed !== "" && printed === readFileSync("/proc/self/environ", "utf8").slice(0, CAP_BYTES);
    return isOurs ? "the runner's environment could be read" : null;
  },

  async network(cage) {
    const listener = createServer();
    const arrived = new Promise<boolean>((resolve) => {
      listener.once("connection", (socket) => {
        socket.destroy();
        resolve(true);
      });
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const address = listener.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await run(cage, "bash", ["-c", `exec 3<>/dev/tcp/127.0.0.1/${port}`]);
    // What was connected before the program ended is in the queue of the listener by now.
    const hasArrived = await Promise.race([arrived, delay(LOOK_EVERY_MS, false)]);
    listener.close();
    return hasArrived ? "a connection to the network could be made" : null;
  },

  async survivor(cage) {
    const mark = ownMark();
    await run(cage, "setsid", ["-f", "sleep", mark]);
    return (await outlives(mark)) ? "a process in a session of its own outlived its call" : null;
  },

  async namespace(cage) {
    const end = await run(cage, "unshare", ["--user", "--map-root-user", "true"]);
    return end.exitCode === 0 ? "a user namespace could be made" : null;
  },

  async timeout(cage) {
    const mark = ownMark();
    const end = await run(cage, "env", ["sleep", mark], CUT_SHORT_MS);
    return (await outlives(mark)) || end.stopped !== "timed_out" ? "a command could not be ended at its timeout" : null;
  },
};

/** What a tool has to be able to do all the same. */
async function work(cage: Cage): Promise<string | null> {
  const end = await run(cage, "cp", ["/etc/passwd", join(cage.workspace, "copy")]);
  if (end.exitCode !== 0) return `a harmless command failed: ${firstLine(end)}`;
  return (await exists(join(cage.workspace, "copy"))) ? null : "the workspace could not be written";
}

/** Null where everything was stopped that must be; else what was not. Never rejects. */
export async function releaseCanaries(launcher: Launcher, identity: ToolIdentity | null): Promise<string | null> {
  const base = await temporaryDirectory();
  try {
    const cage = await buildCage(base, launcher, identity);
    // Where ordinary work fails too, the attacks may have been stopped for the wrong reason.
    const [broken, ...findings] = await Promise.all([work, ...Object.values(CANARIES)].map((canary) => canary(cage)));
    return broken ?? (findings.filter((finding) => finding !== null).join("; ") || null);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

/** Open to everybody by its permissions, so that only the launcher stands in the way. */
async function buildCage(base: string, launcher: Launcher, identity: ToolIdentity | null): Promise<Cage> {
  const [workspace, home, outside] = [join(base, "workspace"), join(base, "home"), join(base, "outside")];
  await chmod(base, 0o711);
  for (const path of [workspace, home, outside]) {
    await mkdir(path);
    if (identity && path !== outside) await adoptDirectory(path, identity);
  }
  await chmod(outside, 0o777);
  return { launcher, workspace, home, outside };
}

async function run(cage: Cage, name: string, args: string[], timeoutMs = TIMEOUT_MS): Promise<ProcessEnd> {
  const { launcher, workspace, home } = cage;
  const program = pinCommand(name);
  if (program === null) throw new Error(`the canaries need ${name}, which is not installed`);
  const limits = withinOwnLimits(DEFAULT_LIMITS);
  const command = launcher.command({ file: program.path, args, workspace, home, cwd: workspace, limits });
  const env = { PATH: SEARCH_PATH, HOME: home };
  const end = await runProcess({ command, cwd: workspace, env, timeoutMs, capBytes: CAP_BYTES });
  if ("spawnError" in end) throw end.spawnError;
  const failure = wrapperFailure(command, end.exitCode, end.stderr.bytes);
  if (failure !== null) throw new Error(failure);
  return end;
}

async function output(cage: Cage, name: string, args: string[]): Promise<string> {
  return (await run(cage, name, args)).stdout.bytes.toString("utf8");
}

const firstLine = ({ stderr, exitCode }: ProcessEnd): string =>
  stderr.bytes.toString("utf8").split("\n", 1)[0] || `exit code ${exitCode}`;

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** A number of seconds that nobody else sleeps. */
function ownMark(): string {
  return `600.${process.pid}${Math.floor(Math.random() * 1e9)}`;
}

/** True where a process with this argument is still there when the killed ones have had time to go; it is ended then. */
async function outlives(mark: string): Promise<boolean> {
  for (let looks = 0; looks < LAST_LOOK && sleepers(mark).length > 0; looks += 1) await delay(LOOK_EVERY_MS);
  const alive = sleepers(mark);
  for (const pid of alive) process.kill(pid, "SIGKILL");
  return alive.length > 0;
}

function sleepers(mark: string): number[] {
  const pids = readdirSync("/proc").map(Number);
  return pids.filter((pid) => pid > 0 && isSleeping(pid, mark));
}

function isSleeping(pid: number, mark: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes(mark) && words[0]?.endsWith("sleep") === true;
  } catch {
    return false;
  }
}
