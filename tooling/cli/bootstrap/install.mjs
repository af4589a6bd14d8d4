/**
 * Installs the workspace when it is missing or older than its lockfile. Runs on any Node from 20 with nothing installed, so
 * it imports nothing but Node itself.
 *
 * pnpm writes a copy of the lockfile it has installed to `node_modules/.pnpm/lock.yaml` as its last step: where that copy is
 * equal, the installation is complete and current, whoever ran it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The Node that everything in the project runs on: a development dependency, whatever the machine has. */
export const nodeBinary = (/** @type {string} */ root) => join(root, "node_modules", "node", "bin", "node");

/** The exact pnpm version, from the one place that names it: the catalog in pnpm-workspace.yaml. */
export function pnpmVersion(/** @type {string} */ root) {
  const match = /^ {2}pnpm: (\d+\.\d+\.\d+)$/m.exec(readFileSync(join(root, "pnpm-workspace.yaml"), "utf8"));
  if (!match?.[1]) throw new Error("pnpm-workspace.yaml names no exact version of pnpm in its catalog");
  return match[1];
}

export function isInstalled(/** @type {string} */ root) {
  const installed = join(root, "node_modules", ".pnpm", "lock.yaml");
  if (!existsSync(nodeBinary(root)) || !existsSync(installed)) return false;
  return readFileSync(installed, "utf8") === readFileSync(join(root, "pnpm-lock.yaml"), "utf8");
}

/** Runs the install if it is needed. Ends the process with pnpm's own words when it fails. */
export function ensureInstalled(/** @type {string} */ root) {
  if (isInstalled(root)) return;
  const began = Date.now();
  console.log("Installing dependencies (only when they have changed; the first time takes up to a minute) …");
  const { NODE_ENV: _, ...env } = process.env; // "production" would leave out what the project runs on
  const args = [
    "-y",
    `pnpm@${pnpmVersion(root)}`,
    "install",
    "--frozen-lockfile",
    "--config.confirm-modules-purge=false",
  ];
  const isTerminal = process.stdout.isTTY;
  const result = spawnSync("npx", args, { cwd: root, env, stdio: isTerminal ? "inherit" : "pipe", encoding: "utf8" });
  if (result.status === 0 && isInstalled(root)) {
    console.log(`Dependencies installed in ${Math.round((Date.now() - began) / 1000)} s`);
    return;
  }
  if (!isTerminal) console.error(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  const cause = result.error?.message ?? (result.status === 0 ? "node_modules is still incomplete" : "see above");
  console.error(`Installing failed (${cause}). To repeat it by hand: npx ${args.join(" ")}`);
  process.exit(1);
}
