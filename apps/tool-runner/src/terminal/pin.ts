/**
 * Allowed commands are names. Each is looked up once, at start, in three system directories, and from then on it means that
 * one file: what a workspace, a PATH variable or a later upload calls `ls` is never run.
 *
 * A file qualifies when it is regular, executable, owned by root, not writable by group or world, and neither setuid nor
 * setgid. It is looked at again before each call, because a package upgrade may have changed it meanwhile.
 *
 * It must also be something the kernel itself can run, a program or a script with `#!`: the C library hands any other file to
 * /bin/sh, and no shell is ever started here.
 */
import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { type Denial, deny } from "./deny.ts";

const SEARCH_DIRECTORIES = ["/usr/local/bin", "/usr/bin", "/bin"] as const;
export const SEARCH_PATH = SEARCH_DIRECTORIES.join(":");

const ANY_EXECUTE = 0o111;
const GROUP_OR_WORLD_WRITE = 0o022;
const SETUID_OR_SETGID = 0o6000;

export interface Pin {
  readonly name: string;
  /** What is executed. A link keeps its own name here, because programs such as busybox go by it. */
  readonly path: string;
  /** The file behind every link. */
  readonly target: string;
  /** Starts with `#!`: the kernel runs an interpreter instead. */
  readonly isScript: boolean;
  /** Absolute paths that name the same file, accepted as argv[0]. */
  readonly spellings: readonly string[];
}

/** Finds the file a name stands for; null when none qualifies. */
export function pinCommand(name: string, directories: readonly string[] = SEARCH_DIRECTORIES): Pin | null {
  if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0")) return null;
  const candidates = directories.map((directory) => `${directory}/${name}`);
  for (const path of candidates) {
    const target = qualifiedTarget(path);
    if (target === null) continue;
    const kind = kindOf(target);
    if (kind === "text") continue;
    const spellings = candidates.filter((other) => qualifiedTarget(other) === target);
    return { name, path, target, isScript: kind === "script", spellings };
  }
  return null;
}

export class PinnedCommands {
  readonly #pins = new Map<string, Pin>();
  readonly #allowed: ReadonlySet<string>;

  constructor(allow: readonly string[], directories?: readonly string[]) {
    this.#allowed = new Set(allow);
    for (const name of this.#allowed) {
      const pin = pinCommand(name, directories);
      if (pin) this.#pins.set(name, pin);
    }
  }

  get all(): readonly Pin[] {
    return [...this.#pins.values()];
  }

  /** Allowed names without a file that qualifies. */
  get missing(): readonly string[] {
    return [...this.#allowed].filter((name) => !this.#pins.has(name));
  }

  find(argv0: string): Pin | Denial {
    const pin = argv0.includes("/") ? this.#findByPath(argv0) : this.#findByName(argv0);
    if ("denied" in pin) return pin;
    return qualifiedTarget(pin.path) === pin.target
      ? pin
      : deny("not_installed", "its file has changed since the start");
  }

  #findByName(name: string): Pin | Denial {
    if (!this.#allowed.has(name)) return deny("not_allowed");
    return this.#pins.get(name) ?? deny("not_installed");
  }

  #findByPath(path: string): Pin | Denial {
    return this.all.find((pin) => pin.spellings.includes(path)) ?? deny("path_not_pinned");
  }
}

function qualifiedTarget(path: string): string | null {
  try {
    const target = realpathSync.native(path);
    const status = statSync(target);
    const isProgram = status.isFile() && (status.mode & ANY_EXECUTE) !== 0;
    const isRoots = status.uid === 0 && (status.mode & GROUP_OR_WORLD_WRITE) === 0;
    return isProgram && isRoots && (status.mode & SETUID_OR_SETGID) === 0 ? target : null;
  } catch {
    return null;
  }
}

/** A program that may be executed but not read counts as a script, the more dangerous of the two. */
function kindOf(path: string): "program" | "script" | "text" {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
    const start = Buffer.alloc(4);
    const length = readSync(fd, start, 0, start.length, 0);
    if (start.toString("latin1", 0, 2) === "#!") return "script";
    const isProgram = process.platform !== "linux" || start.toString("latin1", 0, length) === "\x7fELF";
    return isProgram ? "program" : "text";
  } catch {
    return "script";
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The paths of programs that are used together, by name, or the names of those that are missing. */
export function pinAll<Name extends string>(
  names: readonly Name[],
): Record<Name, string> | { readonly missing: string[] } {
  const found = names.map((name) => [name, pinCommand(name)?.path] as const);
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
  return missing.length > 0 ? { missing } : (Object.fromEntries(found) as Record<Name, string>);
}
