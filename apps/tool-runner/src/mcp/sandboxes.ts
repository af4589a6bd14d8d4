/**
 * MCP servers whose configuration asks for a sandbox are started by the launcher that contains the terminal's commands, at T2 or
 * T3, whichever is the better that works here; on a machine that has neither, such a server does not start.
 *
 * What is different from a command: a server lives for as long as it is wanted, so there is no limit to its processor time,
 * memory or files, which bound the work of one call. It may use the folders that its configuration names, and the network where
 * that says so.
 */
import { realpathSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { closeInheritedDescriptors } from "../terminal/close-inherited.ts";
import { bestLauncher, detectTiers } from "../terminal/detect.ts";
import { chooseIdentity } from "../terminal/identity.ts";
import type { Grants, Launcher, ToolIdentity } from "../terminal/launcher.ts";
import { type ToolLimits, withinOwnLimits } from "../terminal/limits.ts";
import { PrivateHomes } from "../terminal/private-homes.ts";
import { isAtLeast } from "../terminal/tier.ts";
import type { StdioServer } from "./config.ts";
import { ConnectError } from "./connection.ts";
import type { Command } from "./process-group.ts";

const LIMITS: ToolLimits = {
  cpuSeconds: Number.POSITIVE_INFINITY,
  memoryBytes: Number.POSITIVE_INFINITY,
  fileBytes: Number.POSITIVE_INFINITY,
  openFiles: 4096,
  processes: 512,
};
const ANY_EXECUTE = 0o111;
const OWNER_WRITE = 0o200;
const WORLD_WRITE = 0o002;

export interface Enclosed {
  readonly command: Command;
  /** To be called when the server has ended: its home is removed. */
  release(): Promise<void>;
}

interface Prepared {
  readonly launcher: Launcher;
  readonly identity: ToolIdentity | null;
  readonly homes: PrivateHomes;
}

/** One for all servers of a runner. Nothing is tried out before the first of them asks for it. */
export class Sandboxes {
  readonly #toolUid: number | undefined;
  readonly #detect: typeof detectTiers;
  #prepared: Promise<Prepared> | undefined;

  /** `toolUid`: the user of sandboxed servers where the runner is root; default 65534. */
  constructor(toolUid: number | undefined, detect = detectTiers) {
    this.#toolUid = toolUid;
    this.#detect = detect;
  }

  /** Rejects with a ConnectError that says why where there can be no such sandbox. */
  async enclose(server: StdioServer, sandbox: Grants): Promise<Enclosed> {
    const { launcher, identity, homes } = await (this.#prepared ??= prepare(this.#toolUid, this.#detect));
    const grants = resolveGrants(sandbox, identity);
    const file = findProgram(server);
    const home = await homes.create();
    const { cwd } = server;
    const {
      args,
      inherits = [],
      dispose,
      ...command
    } = launcher.command({
      file,
      args: server.args,
      workspace: home,
      home,
      cwd,
      limits: withinOwnLimits(LIMITS),
      grants: { ...grants, read: [...grants.read, file] },
    });
    const env = { HOME: home, TMPDIR: home, ...server.env };
    return {
      command: { command: command.file, args, inherits, cwd, env },
      async release() {
        dispose?.();
        await homes.remove(home);
      },
    };
  }

  async close(): Promise<void> {
    const prepared = await this.#prepared?.catch(() => undefined);
    await prepared?.homes.close();
  }
}

async function prepare(toolUid: number | undefined, detect: typeof detectTiers): Promise<Prepared> {
  const identity = chooseIdentity(process.getuid?.(), toolUid);
  closeInheritedDescriptors();
  const homes = await PrivateHomes.open(identity);
  const verdicts = await detect({ identity, store: (content) => homes.store(content) });
  const launcher = bestLauncher(verdicts);
  if (launcher !== null && isAtLeast(launcher.tier, "T2")) return { launcher, identity, homes };
  await homes.close();
  const reasons = (["T3", "T2"] as const).map((tier) => {
    const verdict = verdicts[tier];
    return `${tier}: ${"reason" in verdict ? verdict.reason : "works"}`;
  });
  throw unavailable(`it is to run in a sandbox, and this machine has none (${reasons.join("; ")})`);
}

function resolveGrants({ read, write, network }: Grants, identity: ToolIdentity | null): Grants {
  const folders = write.map((path) => canonical(path));
  for (const path of folders) {
    const status = statSync(path);
    if (!status.isDirectory()) throw unavailable(`its sandbox is to write to what is no folder: ${path}`);
    const isOwn = identity === null || (status.uid === identity.uid && (status.mode & OWNER_WRITE) !== 0);
    if (!isOwn && (status.mode & WORLD_WRITE) === 0) {
      throw unavailable(`its sandbox's folder does not belong to its user, ${identity?.uid}: ${path}`);
    }
  }
  return { read: read.map((path) => canonical(path)), write: folders, network };
}

function canonical(path: string): string {
  let real: string;
  try {
    real = realpathSync.native(path);
  } catch (error) {
    throw unavailable(`its sandbox names what does not exist: ${path}`, error);
  }
  if (real === "/") throw unavailable("its sandbox cannot be given the whole file system");
  return real;
}

/** The file that a name means: nothing looks for it once it is inside. */
function findProgram({ command, cwd, env }: StdioServer): string {
  const directories = command.includes("/") ? [""] : (env["PATH"] ?? "").split(":").filter(isAbsolute);
  const candidates = directories.map((directory) =>
    directory === "" ? resolve(cwd, command) : join(directory, command),
  );
  const found = candidates.find((path) => {
    const status = statSync(path, { throwIfNoEntry: false });
    return status?.isFile() === true && (status.mode & ANY_EXECUTE) !== 0;
  });
  if (found === undefined) throw unavailable("its command cannot be started (ENOENT)");
  return found;
}

function unavailable(message: string, cause?: unknown): ConnectError {
  return new ConnectError(message, { cause, isFinal: true });
}
