/**
 * Redis from the distribution's own packages without installing anything: apt resolves which packages this machine lacks,
 * they are downloaded and unpacked into the project's cache, and a small script runs the server with the unpacked libraries.
 * The system's package lists are used as they are; where they are missing or stale, a second attempt keeps lists of its own
 * in the cache, which needs no rights.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { run, which } from "../commands.ts";

const SERVER_PACKAGE = "redis-server";
/** What Redis runs on. Packages that only make a system service of it (users, init scripts) are not needed. */
const NEEDED = /^(redis|lib|lua)/;

/** The packages apt would install, from its simulation: lines `Inst name [old] (new …)`. */
export function packagesToFetch(simulation: string): string[] {
  const names = [...simulation.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? "");
  return names.filter((name) => NEEDED.test(name));
}

/** Unpacks Redis below `cache` (once) and answers the path of a script that runs it. Throws with apt's reason. */
export async function fetchRedisPackage(cache: string): Promise<string> {
  const server = join(cache, "bin", "redis-server");
  if (existsSync(server)) return server;
  if (which("apt-get") === undefined || which("dpkg-deb") === undefined) throw new Error("there is no apt-get here");
  rmSync(cache, { recursive: true, force: true });
  try {
    await unpack(cache, []);
  } catch {
    const own = ownLists(cache);
    await run("apt-get", [...own, "update", "-qq"]);
    await unpack(cache, own);
  }
  writeLauncher(cache, server);
  return server;
}

/** With apt, as root: the path of the installed server. Throws with apt's reason. */
export async function installRedisPackage(): Promise<string> {
  await aptInstall([SERVER_PACKAGE]);
  const path = which(SERVER_PACKAGE);
  if (path === undefined) throw new Error("apt installed redis-server, but it is not on PATH");
  return path;
}

export async function aptInstall(packages: readonly string[]): Promise<void> {
  const install = ["-o", "DPkg::Lock::Timeout=120", "install", "-y", "-qq", "--no-install-recommends", ...packages];
  await run("apt-get", install).catch(async () => {
    await run("apt-get", ["update", "-qq"]);
    await run("apt-get", install);
  });
}

function ownLists(cache: string): string[] {
  mkdirSync(join(cache, "apt", "lists", "partial"), { recursive: true });
  mkdirSync(join(cache, "apt", "archives", "partial"), { recursive: true });
  const sandbox = process.getuid?.() === 0 ? ["-o", "APT::Sandbox::User=root"] : [];
  return [
    "-o",
    `Dir::State::lists=${join(cache, "apt", "lists")}`,
    "-o",
    `Dir::Cache=${join(cache, "apt")}`,
    ...sandbox,
  ];
}

async function unpack(cache: string, options: readonly string[]): Promise<void> {
  const debs = join(cache, "debs");
  rmSync(debs, { recursive: true, force: true });
  mkdirSync(debs, { recursive: true });
  const simulation = await run("apt-get", [...options, "-s", "--no-install-recommends", "install", SERVER_PACKAGE]);
  const packages = packagesToFetch(simulation);
  if (packages.length === 0) throw new Error("redis-server is installed, but not on PATH");
  await run("apt-get", [...options, "download", "-qq", ...packages], debs);
  for (const deb of readdirSync(debs)) await run("dpkg-deb", ["-x", join(debs, deb), join(cache, "root")]);
  rmSync(debs, { recursive: true, force: true });
}

/** The server is the last file written: where it exists, the unpacking was complete. */
function writeLauncher(cache: string, server: string): void {
  const files = readdirSync(join(cache, "root"), { recursive: true, encoding: "utf8" });
  const libraries = new Set(
    files.filter((file) => /\.so(\.|$)/.test(file)).map((file) => `$here/root/${dirname(file)}`),
  );
  mkdirSync(dirname(server), { recursive: true });
  const up = relative(dirname(server), cache);
  const script = `#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")/${up}" && pwd)
LD_LIBRARY_PATH="${[...libraries].join(":")}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/root/usr/bin/redis-server" "$@"
`;
  writeFileSync(`${server}.part`, script, { mode: 0o755 });
  renameSync(`${server}.part`, server);
}
