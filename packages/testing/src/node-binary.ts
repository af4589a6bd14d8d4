import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const REQUIRED_MAJOR = 24;

/**
 * The Node that runs services from source: this one if it is new enough, else the one the workspace installed, looked for in
 * `node_modules` upwards from `entry`. The binary itself and not a wrapper script, so that signals reach the service.
 */
export function nodeFor(entry: string): string {
  if (Number.parseInt(process.versions.node, 10) >= REQUIRED_MAJOR) return process.execPath;
  for (let folder = dirname(entry); ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", "node", "bin", "node");
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) break;
  }
  throw new Error(
    `services need Node ${REQUIRED_MAJOR}; this is ${process.version} and no node_modules/node was found above ${entry}`,
  );
}
