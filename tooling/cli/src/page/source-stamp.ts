/**
 * Whether the built page is the one its sources give: a hash of every source file's path and content, written beside the
 * result. Contents and not times, because a checkout gives every file a new time.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

const NOT_SOURCE = /(^|\/)(node_modules|dist|\.turbo)(\/|$)|\.test\.tsx?$/;

function filesOf(path: string): string[] {
  if (!existsSync(path) || NOT_SOURCE.test(path.slice(path.lastIndexOf("/") + 1))) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path)
    .toSorted()
    .flatMap((name) => filesOf(join(path, name)));
}

/** The hash of all files below `sources` (files or folders inside `root`). */
export function hashSources(root: string, sources: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of sources.flatMap((source) => filesOf(join(root, source)))) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex");
}

export const readStamp = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, "utf8") : undefined;

export const writeStamp = (file: string, hash: string): void => writeFileSync(file, hash);
