/**
 * Which files a tool may use, for Landlock: programs and libraries of the system, a few settings that programs read at start,
 * what they want to know about the machine and themselves, and the devices that hold nothing. It may write in its workspace
 * and its home and execute in neither. What is not named here cannot be opened, listed, made, removed or renamed.
 *
 * A rule holds for everything below its path, and rules add up. Links need no rule: the file behind one does.
 */
import { realpathSync, statSync } from "node:fs";
import { type LaunchPlan, NO_GRANTS } from "./launcher.ts";

/** Names as setpriv has them, in the order of the kernel's bits (linux/landlock.h). */
const RIGHTS = [
  "execute",
  "write-file",
  "read-file",
  "read-dir",
  "remove-dir",
  "remove-file",
  "make-char",
  "make-dir",
  "make-reg",
  "make-sock",
  "make-fifo",
  "make-block",
  "make-sym",
  "refer",
  "truncate",
] as const;
type Right = (typeof RIGHTS)[number];

/** Rights to what is in a directory; a rule for a file must not have them. */
const FILE_RIGHTS: ReadonlySet<Right> = new Set(["execute", "write-file", "read-file", "truncate"]);

const RUN: readonly Right[] = ["execute", "read-file", "read-dir"];
const READ: readonly Right[] = ["read-file", "read-dir"];
const USE_DEVICE: readonly Right[] = ["read-file", "write-file", "truncate"];
const WORK: readonly Right[] = [
  ...(["read-file", "read-dir", "write-file", "truncate", "remove-dir", "remove-file"] as const),
  ...(["make-dir", "make-reg", "make-fifo", "make-sym", "refer"] as const),
];

type PlaceOfCall = Pick<LaunchPlan, "workspace" | "home" | "grants">;

export interface PathRule {
  readonly path: string;
  readonly rights: readonly Right[];
}

export const PROGRAM_DIRECTORIES = "/usr /bin /sbin /lib /lib32 /lib64 /libx32".split(" ");

/** No accounts, keys or mounts of the machine; passwd and group hold names only. */
export const SETTINGS = `alternatives bash.bashrc debian_version group host.conf hostname inputrc ld.so.cache ld.so.conf
  ld.so.conf.d locale.alias localtime magic magic.mime mime.types nsswitch.conf os-release passwd perl profile protocols
  python3 services ssl/certs ssl/openssl.cnf terminfo timezone vim`
  .split(/\s+/)
  .map((name) => `/etc/${name}`);

/** Where names of hosts are looked up. */
export const NETWORK_SETTINGS: readonly string[] = ["/etc/resolv.conf", "/etc/hosts"];

export const DEVICES = "null zero full random urandom".split(" ").map((name) => `/dev/${name}`);

const MACHINE = `/proc/cpuinfo /proc/filesystems /proc/loadavg /proc/meminfo /proc/stat /proc/uptime /proc/version
  /proc/sys/kernel/osrelease /proc/sys/kernel/ostype /proc/sys/kernel/pid_max /proc/sys/kernel/random/uuid
  /proc/sys/kernel/version /proc/sys/vm/overcommit_memory /sys/devices/system/cpu`.split(/\s+/);

/** `proc`: what of /proc belongs to the tool. */
export function rulesOfSystem(proc: string): PathRule[] {
  const rules = (paths: readonly string[], rights: readonly Right[]) => paths.map((path) => ({ path, rights }));
  return [
    ...rules(PROGRAM_DIRECTORIES, RUN),
    ...rules(SETTINGS, READ),
    ...rules(MACHINE, READ),
    ...rules(DEVICES, USE_DEVICE),
    { path: proc, rights: READ },
  ].flatMap(ofExisting);
}

export function rulesOfCall({ workspace, home, grants = NO_GRANTS }: PlaceOfCall): PathRule[] {
  const read = [...grants.read, ...(grants.network ? NETWORK_SETTINGS : [])];
  const own = [...new Set([workspace, home, ...grants.write])];
  return [...own.map((path) => ({ path, rights: WORK })), ...read.map((path) => ({ path, rights: RUN }))].flatMap(
    ofExisting,
  );
}

/** None for what is missing here, and for a link into what has a rule of its own. */
function ofExisting({ path, rights }: PathRule): PathRule[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) return [];
  if (PROGRAM_DIRECTORIES.includes(path) && path !== "/usr" && realpathSync(path).startsWith("/usr/")) return [];
  return [{ path, rights: status.isDirectory() ? rights : rights.filter((right) => FILE_RIGHTS.has(right)) }];
}

/** Options of setpriv (util-linux 2.41). */
export function setprivOptions(rules: readonly PathRule[]): string[] {
  const options = rules.flatMap(({ path, rights }) => ["--landlock-rule", `path-beneath:${rights.join(",")}:${path}`]);
  return ["--landlock-access", "fs", ...options];
}

export function rightsMask(rights: readonly Right[]): number {
  return rights.reduce((mask, right) => mask | (1 << RIGHTS.indexOf(right)), 0);
}
