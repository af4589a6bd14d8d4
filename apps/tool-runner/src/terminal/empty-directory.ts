/**
 * Removes everything a tool left in a directory. What it left may be hostile: links to elsewhere, directories without
 * permissions, trees of any depth, or a survivor that keeps creating files.
 *
 * Depth is taken away rather than followed: the subdirectories of an entry move up to the top, and only then is the entry,
 * now without subdirectories, removed. So two open descriptors are enough for any tree.
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, readdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import type { Dirent } from "node:fs";
import { join } from "node:path";
import { entryOf, openOwnDirectory, pathOf } from "./anchored-path.ts";

const GIVE_UP_MS = 10_000;

/** True when the directory is empty afterwards. Never rejects. */
export async function emptyDirectory(path: string): Promise<boolean> {
  try {
    return process.platform === "linux" ? await emptyAnchored(path) : await emptyByName(path);
  } catch {
    return false;
  }
}

async function emptyAnchored(path: string): Promise<boolean> {
  const top = await openOwnDirectory(path);
  const deadline = performance.now() + GIVE_UP_MS;
  try {
    for (;;) {
      const entries = await list(top);
      if (entries.length === 0) return true;
      const removed = await removeAll(top, entries);
      if (!removed || performance.now() > deadline) return false;
    }
  } finally {
    await top.close();
  }
}

function list(directory: FileHandle): Promise<Dirent<Buffer>[]> {
  return readdir(pathOf(directory), { withFileTypes: true, encoding: "buffer" });
}

/** True when at least one entry is gone: another pass may take away more. */
async function removeAll(top: FileHandle, entries: readonly Dirent<Buffer>[]): Promise<boolean> {
  let hasRemoved = false;
  for (const entry of entries) {
    try {
      if (entry.isDirectory()) await removeDirectory(top, entry.name);
      else await unlink(entryOf(top, entry.name));
      hasRemoved = true;
    } catch {
      // Replaced or refilled meanwhile: the next pass sees what it is now.
    }
  }
  return hasRemoved;
}

async function removeDirectory(top: FileHandle, name: Buffer): Promise<void> {
  const directory = await openOwnDirectory(entryOf(top, name));
  try {
    for (const entry of await list(directory)) {
      if (entry.isDirectory()) await moveUp(directory, entry.name, top);
      else await unlink(entryOf(directory, entry.name));
    }
  } finally {
    await directory.close();
  }
  await rmdir(entryOf(top, name));
}

async function moveUp(from: FileHandle, name: Buffer, top: FileHandle): Promise<void> {
  // A directory that changes its parent must itself be writable.
  await (await openOwnDirectory(entryOf(from, name))).close();
  await rename(entryOf(from, name), entryOf(top, Buffer.from(randomUUID())));
}

async function emptyByName(path: string): Promise<boolean> {
  for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
  return true;
}
