/**
 * T3: the limiter, then bubblewrap, which builds namespaces in which there is nothing else: other processes, the network and
 * the machine's files do not exist for the tool. The seccomp filter and Landlock hold inside.
 *
 * A runner that is root has bubblewrap build them as root, because the tool's user may not reach its own workspace by path, and
 * changes the user inside. Any other runner needs a user namespace for it.
 *
 * One process of bubblewrap stays outside and waits for the tool. A SIGTERM to the group must not end it before the tool has
 * had its time to tidy up, so it ignores the signal; when it is killed, everything inside dies with it.
 */
import { lstatSync, readlinkSync, statSync } from "node:fs";
import { dirname } from "node:path";
import {
  DEVICES,
  NETWORK_SETTINGS,
  type PathRule,
  PROGRAM_DIRECTORIES,
  rulesOfCall,
  rulesOfSystem,
  SETTINGS,
} from "./landlock.ts";
import { landlockStage } from "./landlock-stage.ts";
import { type FilterSource, type LaunchCommand, type Launcher, type LaunchPlan, NO_GRANTS } from "./launcher.ts";
import type { Limiter } from "./limiter.ts";
import { pinAll } from "./pin.ts";

/** The first descriptor that a child inherits besides its standard streams. */
const FILTER_DESCRIPTOR = "3";
/** What the change of user takes; nothing of it is left afterwards. */
const KEPT_FOR_SETPRIV = ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"].flatMap((name) => ["--cap-add", name]);
const RIGHTS_OF_ROOT = ["--cap-drop", "ALL", ...KEPT_FOR_SETPRIV];

export interface BubblewrapPrograms {
  readonly bwrap: string;
  readonly env: string;
  readonly perl: string;
}

/** The programs, or the names of those that are missing. */
export function findBubblewrap(): BubblewrapPrograms | { readonly missing: string[] } {
  return pinAll(["bwrap", "env", "perl"]);
}

export class BubblewrapLauncher implements Launcher {
  readonly tier = "T3";
  readonly #limiter: Limiter;
  readonly #programs: BubblewrapPrograms;
  readonly #filters: FilterSource;
  readonly #rules: readonly PathRule[] = rulesOfSystem("/proc").filter(({ path }) => !isOfMachine(path));
  readonly #system: readonly string[] = systemOptions();

  constructor(limiter: Limiter, programs: BubblewrapPrograms, filters: FilterSource) {
    this.#limiter = limiter;
    this.#programs = programs;
    this.#filters = filters;
  }

  command(plan: LaunchPlan): LaunchCommand {
    const { bwrap, env, perl } = this.#programs;
    const limiter = this.#limiter;
    const isRoot = limiter.identity !== null;
    const namespaces = [...this.#system, ...(isRoot ? RIGHTS_OF_ROOT : ["--unshare-user"]), ...callOptions(plan)];
    const outside = [env, "--ignore-signal=TERM", bwrap, ...namespaces, "--"];
    const network = plan.grants?.network === true;
    const stage = landlockStage({ perl, cwd: plan.cwd, network }, [...this.#rules, ...rulesOfCall(plan)]);
    const tool = [...stage, plan.file, ...plan.args];
    // The tool's parent is of its user too.
    const limits = { ...plan.limits, processes: plan.limits.processes + 1 };
    return {
      file: limiter.file,
      args: isRoot
        ? limiter.argsWithRights(limits, [...outside, ...limiter.dropRights(), ...tool])
        : limiter.args(limits, [...outside, ...tool]),
      identity: null,
      wrappers: [...limiter.wrappers, "bwrap", "landlock"],
      inherits: [this.#filters(network).path],
      reportsEnd: true,
    };
  }
}

function isOfMachine(path: string): boolean {
  return path.startsWith("/sys/") || path.startsWith("/proc/");
}

/** What is the same for every call. The root is a memory file system: nothing may be left to write there but the mounts. */
function systemOptions(): string[] {
  const namespaces = "--unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup-try --die-with-parent";
  const standardStreams = ["stdin", "stdout", "stderr"];
  return [
    namespaces.split(" "),
    ["--hostname", "sandbox", "--seccomp", FILTER_DESCRIPTOR],
    openDirectories(["/dev", "/etc/ssl", "/tmp"]),
    PROGRAM_DIRECTORIES.flatMap(programOptions),
    SETTINGS.filter(exists).flatMap((path) => ["--ro-bind", path, path]),
    ["--proc", "/proc"],
    DEVICES.filter(exists).flatMap((path) => ["--dev-bind", path, path]),
    ["--symlink", "/proc/self/fd", "/dev/fd"],
    standardStreams.flatMap((name, fd) => ["--symlink", `/proc/self/fd/${fd}`, `/dev/${name}`]),
  ].flat();
}

function programOptions(path: string): string[] {
  if (!exists(path)) return [];
  return lstatSync(path).isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function callOptions({ workspace, home, cwd, grants = NO_GRANTS }: LaunchPlan): string[] {
  const settings = grants.network ? NETWORK_SETTINGS.filter(exists) : [];
  const mounts = [
    ...[...grants.read, ...settings].map((path) => ({ path, option: "--ro-bind" })),
    ...[...new Set([workspace, home, ...grants.write])].map((path) => ({ path, option: "--bind" })),
    // What lies in another is mounted after it, or it would be covered.
  ].toSorted((one, other) => one.path.length - other.path.length);
  return [
    ...(grants.network ? [] : ["--unshare-net"]),
    ...openDirectories([cwd, ...mounts.map(({ path }) => dirname(path))]),
    ...mounts.flatMap(({ path, option }) => [option, path, path]),
    "--remount-ro",
    "/",
    "--chdir",
    "/",
  ];
}

/** Makes these and what is above them, searchable for everybody; without this bubblewrap makes them its user's alone. */
function openDirectories(paths: readonly string[]): string[] {
  const all = new Set(paths.flatMap(withParents));
  return [...all].flatMap((path) => ["--perms", "0755", "--dir", path]);
}

/** `/a/b` → `/a`, `/a/b`. */
function withParents(path: string): string[] {
  const names = path.split("/").slice(1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`).filter((parent) => parent !== "/");
}
