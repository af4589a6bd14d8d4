/**
 * Removes everything a tool left in a directory. What it left may be hostile: links to elsewhere, directories without
 * permissions, trees of any depth, or a survivor that keeps creating files.
 *
 * Depth is taken away rather than followed: the subdirectories of an entry move up to the top, and only then is the entry,
 * now without subdirectories, removed. So two open descriptors are enough for any tree.
 */
import { randomUUID } from "node:crypto";
import { type Dirent, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { entryOf, makeUsable, pathOf, withOwnDirectory } from "./anchored-path.ts";

const GIVE_UP_MS = 10_000;
/** Entries between two turns of the event loop: about a millisecond of work. */
const ENTRIES_A_TURN = 100;

/** True when the directory is empty afterwards. Never rejects. */
export async function emptyDirectory(path: string): Promise<boolean> {
  try {
    return process.platform === "linux" ? await withOwnDirectory(path, emptyAnchored) : await emptyByName(path);
  } catch {
    return false;
  }
}

async function emptyAnchored(top: number): Promise<boolean> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const entries = await list(top);
    if (entries.length === 0) return true;
    const hasRemoved = await removeAll(top, entries);
    if (!hasRemoved || performance.now() > deadline) return false;
  }
}

function list(directory: number): Promise<Dirent<Buffer>[]> {
  return readdir(pathOf(directory), { withFileTypes: true, encoding: "buffer" });
}

/** True when at least one entry is gone: another pass may take away more. */
async function removeAll(top: number, entries: readonly Dirent<Buffer>[]): Promise<boolean> {
  let hasRemoved = false;
  for (const [index, entry] of entries.entries()) {
    if (index % ENTRIES_A_TURN === ENTRIES_A_TURN - 1) await nextTurn();
    try {
      if (entry.isDirectory()) await removeDirectory(top, entry.name);
      else unlinkSync(entryOf(top, entry.name));
      hasRemoved = true;
    } catch {
      // Replaced or refilled meanwhile: the next pass sees what it is now.
    }
  }
  return hasRemoved;
}

async function removeDirectory(top: number, name: Buffer): Promise<void> {
  await withOwnDirectory(entryOf(top, name), async (directory) => {
    for (const [index, entry] of (await list(directory)).entries()) {
      if (index % ENTRIES_A_TURN === ENTRIES_A_TURN - 1) await nextTurn();
      if (entry.isDirectory()) moveUp(entryOf(directory, entry.name), top);
      else unlinkSync(entryOf(directory, entry.name));
    }
  });
  rmdirSync(entryOf(top, name));
}

function moveUp(path: Buffer, top: number): void {
  // A directory that changes its parent must itself be writable.
  makeUsable(path);
  renameSync(path, entryOf(top, Buffer.from(randomUUID())));
}

async function emptyByName(path: string): Promise<boolean> {
  for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
  return true;
}
