/**
 * A workspace read from outside, for a human who wants to see or keep what a tool has made. What is in there may be hostile:
 * every step of a path is opened without following links and reached through the one before, so no name, `..` or swapped link
 * leads elsewhere, and nothing but a regular file of the tool's user is read, never a device, a pipe or a file with a second
 * name, which may lie elsewhere.
 */
import { constants, type Dirent, fstatSync, lstatSync, openSync } from "node:fs";
import { closeSync, readSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FileAnswer, FileEntry } from "@holdfast/protocol";
import { entryOf, pathOf, withDirectory } from "./anchored-path.ts";

const MAX_LISTED = 1_000;
const MAX_LOOKED_AT = 20_000;
const MAX_DEPTH = 32;
const ENTRIES_A_TURN = 200;
/** Base64 of it is a value of Redis. */
const PART_BYTES = 256 * 1024;
const MAX_PATH = 4_096;

export async function listFiles(root: string): Promise<FileAnswer> {
  const walk = { files: [] as FileEntry[], looked: 0, isCut: false };
  try {
    await collect(root, "", walk, 0);
  } catch {
    // There is no workspace before the first command.
  }
  return { is: "list", files: walk.files.toSorted((a, b) => (a.path < b.path ? -1 : 1)), truncated: walk.isCut };
}

interface Walk {
  readonly files: FileEntry[];
  looked: number;
  isCut: boolean;
}

async function collect(directory: string | Buffer, prefix: string, walk: Walk, depth: number): Promise<void> {
  await withDirectory(directory, async (open) => {
    const entries: Dirent<Buffer>[] = await readdir(pathOf(open), { withFileTypes: true, encoding: "buffer" });
    for (const entry of entries) {
      walk.isCut ||= walk.files.length >= MAX_LISTED || ++walk.looked > MAX_LOOKED_AT || depth > MAX_DEPTH;
      if (walk.isCut) return;
      if (walk.looked % ENTRIES_A_TURN === 0) await nextTurn();
      const name = entry.name.toString("utf8");
      // A name that is not valid UTF-8 could not be asked for.
      if (!Buffer.from(name).equals(entry.name)) continue;
      if (entry.isDirectory())
        await collect(entryOf(open, entry.name), `${prefix}${name}/`, walk, depth + 1).catch(() => {});
      else if (entry.isFile()) walk.files.push(...described(entryOf(open, entry.name), prefix + name));
    }
  });
}

function described(anchored: Buffer, path: string): FileEntry[] {
  const status = lstatSync(anchored, { throwIfNoEntry: false });
  if (status?.isFile() !== true || status.nlink > 1) return [];
  return [{ path, size: status.size, modified_at: status.mtime.toISOString() }];
}

/** A part of a file from `offset` on; empty at its end. */
export async function readPart(root: string, path: string, offset: number): Promise<FileAnswer> {
  const names = path.split("/");
  if (
    path.length > MAX_PATH ||
    names.some((name) => name === "" || name === "." || name === ".." || name.includes("\0"))
  ) {
    return { is: "missing" };
  }
  try {
    return await within(root, names, offset);
  } catch {
    return { is: "missing" };
  }
}

async function within(directory: string | Buffer, [name = "", ...rest]: string[], offset: number): Promise<FileAnswer> {
  return await withDirectory(directory, async (open): Promise<FileAnswer> => {
    const next = entryOf(open, Buffer.from(name));
    if (rest.length > 0) return await within(next, rest, offset);
    // Without waiting for the other end, where it is a pipe.
    const file = openSync(next, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return partOf(file, fstatSync(open).uid, offset);
    } finally {
      closeSync(file);
    }
  });
}

function partOf(file: number, owner: number, offset: number): FileAnswer {
  const { nlink, uid, size, ino, mtimeMs, ...status } = fstatSync(file);
  const isRegular = (status.mode & constants.S_IFMT) === constants.S_IFREG;
  if (!isRegular || nlink > 1 || uid !== owner) return { is: "missing" };
  const bytes = Buffer.alloc(Math.max(0, Math.min(PART_BYTES, size - offset)));
  const length = bytes.length === 0 ? 0 : readSync(file, bytes, 0, bytes.length, offset);
  return { is: "part", size, version: `${ino}-${mtimeMs}-${size}`, data: bytes.toString("base64", 0, length) };
}
