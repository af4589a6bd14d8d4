/**
 * Gives a directory that somebody prepared as root, with its contents, to the user that tools run as. Only what belongs to
 * root changes hands. Links stay as they are, and so does a file with a second name, which may lie elsewhere.
 */
import { chown, readdir, stat } from "node:fs/promises";
import type { Dirent } from "node:fs";
import { entryOf, openDirectory, openObject, pathOf } from "./anchored-path.ts";
import type { ToolIdentity } from "./launcher.ts";

const ROOT_UID = 0;

/** Directories of the system, which never become a tool's, whoever points a workspace at them. */
const SYSTEM_DIRECTORY = /^\/(?:[^/]*$|(?:bin|boot|dev|etc|lib[^/]*|proc|run\/systemd|sbin|sys|usr|var\/lib)(?:\/|$))/;
const MAX_ENTRIES = 20_000;
const MAX_DEPTH = 32;

export async function adoptDirectory(path: string, identity: ToolIdentity): Promise<void> {
  if (process.platform !== "linux" || SYSTEM_DIRECTORY.test(path)) return;
  await adopt(path, identity, { entriesLeft: MAX_ENTRIES }, 0);
}

interface Budget {
  entriesLeft: number;
}

async function adopt(path: string | Buffer, identity: ToolIdentity, budget: Budget, depth: number): Promise<void> {
  const directory = await openDirectory(path);
  try {
    if ((await directory.stat()).uid === ROOT_UID) await directory.chown(identity.uid, identity.gid);
    for (const entry of await readdir(pathOf(directory), { withFileTypes: true, encoding: "buffer" })) {
      if (budget.entriesLeft-- <= 0) return;
      const entryPath = entryOf(directory, entry.name);
      if (!entry.isDirectory()) await adoptFile(entry, entryPath, identity);
      else if (depth < MAX_DEPTH) await adopt(entryPath, identity, budget, depth + 1);
    }
  } finally {
    await directory.close();
  }
}

async function adoptFile(entry: Dirent<Buffer>, path: Buffer, identity: ToolIdentity): Promise<void> {
  if (!entry.isFile()) return;
  const file = await openObject(path);
  try {
    const status = await stat(pathOf(file));
    if (status.isFile() && status.uid === ROOT_UID && status.nlink === 1)
      await chown(pathOf(file), identity.uid, identity.gid);
  } finally {
    await file.close();
  }
}
