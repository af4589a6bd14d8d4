/**
 * Gives a directory that somebody prepared as root, with its contents, to the user that tools run as. Only what belongs to
 * root, or to the user that tools have where none is named, changes hands. Links stay as they are, and so does a file with a second name, which may lie elsewhere.
 */
import { chownSync, fchownSync, fstatSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { entryOf, pathOf, withDirectory, withObject } from "./anchored-path.ts";
import { NOBODY } from "./identity.ts";
import type { ToolIdentity } from "./launcher.ts";

const ROOT_UID = 0;
const isAdoptable = (uid: number): boolean => uid === ROOT_UID || uid === NOBODY;

/** Directories of the system, which never become a tool's, whoever points a workspace at them: the first with all below them. */
const SYSTEM = "bin|boot|dev|etc|lib[^/]*|lost\\+found|proc|run/systemd|sbin|sys|usr|var/lib";
const SYSTEM_ALONE = "home|media|mnt|opt|root|run|snap|srv|tmp|var|var/[^/]*";
const SYSTEM_DIRECTORY = new RegExp(`^/(?:$|(?:${SYSTEM})(?:/|$)|(?:${SYSTEM_ALONE})/?$)`);
const MAX_ENTRIES = 20_000;
const MAX_DEPTH = 32;

export async function adoptDirectory(path: string, identity: ToolIdentity): Promise<void> {
  if (process.platform !== "linux" || isSystemDirectory(path)) return;
  await adopt(path, identity, { entriesLeft: MAX_ENTRIES }, 0);
}

export function isSystemDirectory(path: string): boolean {
  return SYSTEM_DIRECTORY.test(path);
}

interface Budget {
  entriesLeft: number;
}

async function adopt(path: string | Buffer, identity: ToolIdentity, budget: Budget, depth: number): Promise<void> {
  await withDirectory(path, async (directory) => {
    if (isAdoptable(fstatSync(directory).uid)) fchownSync(directory, identity.uid, identity.gid);
    for (const entry of await readdir(pathOf(directory), { withFileTypes: true, encoding: "buffer" })) {
      if (budget.entriesLeft-- <= 0) return;
      const entryPath = entryOf(directory, entry.name);
      if (entry.isFile()) adoptFile(entryPath, identity);
      else if (entry.isDirectory() && depth < MAX_DEPTH) await adopt(entryPath, identity, budget, depth + 1);
    }
  });
}

function adoptFile(path: Buffer, identity: ToolIdentity): void {
  withObject(path, (file) => {
    const status = statSync(file);
    const isOneFile = status.isFile() && status.nlink === 1;
    if (isOneFile && isAdoptable(status.uid)) chownSync(file, identity.uid, identity.gid);
  });
}
