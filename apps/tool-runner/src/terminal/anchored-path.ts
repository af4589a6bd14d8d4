/**
 * Work on directories that a tool could write to, possibly by a runner that is root. A path checked by name can be swapped
 * for a link before it is used. So each directory is opened without following links, and its entries are reached through
 * the open descriptor: whatever is renamed meanwhile, nothing outside is touched. Names are bytes, because a file's name
 * need not be valid UTF-8. Calls are synchronous, a few microseconds each; who makes many of them yields in between.
 */
import { chmodSync, closeSync, constants, openSync } from "node:fs";

const DIRECTORY = constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** From <fcntl.h>; Node does not name it. A descriptor that stands for the object itself, whatever its permissions. */
const O_PATH = 0o10_000_000;
const OWNER_ALL = 0o700;

/** Runs `work` with an open descriptor of a directory. Throws ENOTDIR or ELOOP for anything else, a link to one included. */
export async function withDirectory<T>(path: string | Buffer, work: (directory: number) => T): Promise<Awaited<T>> {
  const directory = openSync(path, constants.O_RDONLY | DIRECTORY);
  try {
    return await work(directory);
  } finally {
    closeSync(directory);
  }
}

/** Like `withDirectory`, for a directory of the caller's, which is made readable, writable and searchable for it first. */
export async function withOwnDirectory<T>(path: string | Buffer, work: (directory: number) => T): Promise<Awaited<T>> {
  makeUsable(path);
  return await withDirectory(path, work);
}

/** Gives the owner of a directory all rights to it. */
export function makeUsable(path: string | Buffer): void {
  const object = openSync(path, O_PATH | DIRECTORY);
  try {
    chmodSync(pathOf(object), OWNER_ALL);
  } finally {
    closeSync(object);
  }
}

/** Runs `work` with the path of the object itself: a link that takes its place meanwhile is not followed. */
export function withObject<T>(path: string | Buffer, work: (anchored: string) => T): T {
  // O_PATH reads nothing and has no effect on devices and pipes.
  const object = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    return work(pathOf(object));
  } finally {
    closeSync(object);
  }
}

/** The path of what a descriptor stands for, wherever it has been moved to. */
export function pathOf(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** The path of an entry of an open directory. */
export function entryOf(directory: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${pathOf(directory)}/`), name]);
}
