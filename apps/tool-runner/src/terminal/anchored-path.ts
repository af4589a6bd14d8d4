/**
 * Work on directories that a tool could write to, possibly by a runner that is root. A path checked by name can be swapped
 * for a link before it is used. So each directory is opened without following links, and its entries are reached through
 * the open descriptor: whatever is renamed meanwhile, nothing outside is touched. Names are bytes, because a file's name
 * need not be valid UTF-8.
 */
import { constants } from "node:fs";
import { chmod, type FileHandle, open } from "node:fs/promises";

const DIRECTORY = constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** From <fcntl.h>; Node does not name it. A handle that stands for the object itself, whatever its permissions. */
const O_PATH = 0o10_000_000;
const OWNER_ALL = 0o700;

export type AnchoredPath = string | Buffer;

/** The path of an entry of an open directory. */
export function entryOf(directory: FileHandle, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${pathOf(directory)}/`), name]);
}

/** The path of what a handle stands for, wherever it has been moved to. */
export function pathOf(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}

/** Rejects with ENOTDIR or ELOOP for anything that is not a directory, a link to one included. */
export async function openDirectory(path: AnchoredPath): Promise<FileHandle> {
  return await open(path, constants.O_RDONLY | DIRECTORY);
}

/** Like `openDirectory`, and makes it readable, writable and searchable for its owner first. Its owner is who may call this. */
export async function openOwnDirectory(path: AnchoredPath): Promise<FileHandle> {
  const object = await open(path, O_PATH | DIRECTORY);
  try {
    await chmod(pathOf(object), OWNER_ALL);
    return await open(`${pathOf(object)}/.`, constants.O_RDONLY | constants.O_DIRECTORY);
  } finally {
    await object.close();
  }
}

/** A handle on the object itself: opening it reads nothing and has no effect on devices and pipes. */
export async function openObject(path: AnchoredPath): Promise<FileHandle> {
  return await open(path, O_PATH | constants.O_NOFOLLOW);
}
