/**
 * A call may choose a working directory below its workspace. The path is resolved as the kernel resolves it, every link
 * followed and `..` taken where it stands, and the answer must lie in the workspace; what lies outside is refused in the same
 * way whether it exists or not.
 *
 * A directory checked by name could be swapped for a link before it is used. So it is opened, the open directory is asked
 * where it is, and the tool starts in that very directory.
 */
import { closeSync, constants, openSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { type Denial, deny } from "./deny.ts";

/** `root` is canonical. `asked` is relative to it or absolute. Answers the canonical directory. */
export function resolveCwd(root: string, asked: string | undefined): { readonly cwd: string } | Denial {
  if (asked === undefined || asked === "") return { cwd: root };
  // Joined as text: path.join would drop `link/..` before the link is followed.
  const path = asked.startsWith("/") ? asked : `${root}/${asked}`;
  let cwd: string;
  try {
    cwd = realpathSync.native(path);
  } catch (error) {
    return denyUnresolved(root, path, (error as NodeJS.ErrnoException).code);
  }
  if (!isInside(root, cwd)) return deny("cwd_outside");
  return statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true ? { cwd } : deny("cwd_not_dir");
}

export function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Where the existing part of the path leads outside, or its rest does, the caller learns only that. */
function denyUnresolved(root: string, path: string, code: string | undefined): Denial {
  if (!isInside(root, resolveAsFarAsPossible(path))) return deny("cwd_outside");
  return deny(code === "ENOTDIR" ? "cwd_not_dir" : "cwd_missing");
}

function resolveAsFarAsPossible(path: string): string {
  let existing = path;
  let rest = "";
  while (existing !== "/" && existing !== ".") {
    try {
      return resolve(realpathSync.native(existing), rest);
    } catch {
      rest = `${existing.slice(existing.lastIndexOf("/") + 1)}/${rest}`;
      existing = dirname(existing);
    }
  }
  return resolve("/", rest);
}

export interface HeldDirectory {
  /** To be given to spawn; valid until `release`. */
  readonly path: string;
  release(): void;
}

/** Opens a directory that `resolveCwd` answered; a denial when it has been replaced since. */
export function holdDirectory(root: string, cwd: string): HeldDirectory | Denial {
  let fd: number;
  try {
    fd = openSync(cwd, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    return deny((error as NodeJS.ErrnoException).code === "ENOENT" ? "cwd_missing" : "cwd_outside");
  }
  const held = `/proc/self/fd/${fd}`;
  const real = locationOf(held);
  if (real !== null && !isInside(root, real)) {
    closeSync(fd);
    return deny("cwd_outside");
  }
  // Without /proc (not Linux) only the name is left to go by.
  return { path: real === null ? cwd : held, release: () => closeSync(fd) };
}

function locationOf(held: string): string | null {
  try {
    return readlinkSync(held);
  } catch {
    return null;
  }
}
