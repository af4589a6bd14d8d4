/**
 * Each call gets a directory of its own as HOME and TMPDIR, removed afterwards: what one call leaves there, the next never
 * finds. They lie in a directory of the runner, so that a tool can neither rename its home nor list those of others. What a
 * runner that was killed left there, the next one on the machine removes.
 */
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rmdir } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyDirectory } from "./empty-directory.ts";
import { endLeftovers } from "./leftovers.ts";
import type { StoredFilter, ToolIdentity } from "./launcher.ts";
import { isOfDeadProcess, ownMark } from "./process-mark.ts";

const PREFIX = "holdfast-homes-";
const BASE_NAME = new RegExp(`^${PREFIX}(\\d+-\\d+-\\d+)-`);
const HOMES = "homes";
const OWNER_ONLY = 0o700;
const READABLE_BY_ALL = 0o444;
/** Others may pass through to a home that is theirs, but not look around. */
const PASS_THROUGH = 0o711;

export class PrivateHomes {
  readonly #base: string;
  readonly #identity: ToolIdentity | null;

  private constructor(base: string, identity: ToolIdentity | null) {
    this.#base = base;
    this.#identity = identity;
  }

  static async open(identity: ToolIdentity | null): Promise<PrivateHomes> {
    await removeStale();
    const base = await temporaryDirectory();
    await mkdir(join(base, HOMES));
    for (const path of [base, join(base, HOMES)]) await chmod(path, identity ? PASS_THROUGH : OWNER_ONLY);
    return new PrivateHomes(base, identity);
  }

  async create(): Promise<string> {
    const home = join(this.#base, HOMES, randomUUID());
    await mkdir(home, { mode: OWNER_ONLY });
    if (this.#identity) await chown(home, this.#identity.uid, this.#identity.gid);
    return home;
  }

  /** Keeps a file beside the homes, under a name that tools cannot guess: they may read it when they are given its path. */
  store(content: Buffer): StoredFilter {
    const path = join(this.#base, randomUUID());
    writeFileSync(path, content, { mode: READABLE_BY_ALL });
    return { path, dispose: () => rmSync(path, { force: true }) };
  }

  /** False when something could not be removed; the directory then stays until the machine cleans its temporary files. */
  async remove(home: string): Promise<boolean> {
    const isEmpty = await emptyDirectory(home);
    return isEmpty && (await removed(home));
  }

  async close(): Promise<void> {
    await emptyDirectory(this.#base);
    await removed(this.#base);
  }
}

/** A new directory of this process, which the next runner removes where this one is killed. */
export async function temporaryDirectory(): Promise<string> {
  return await mkdtemp(join(tmpdir(), `${PREFIX}${ownMark()}-`));
}

/** Only directories of this user are looked at: in a shared directory anybody can use the name. */
async function removeStale(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const mark = BASE_NAME.exec(name)?.[1];
    if (mark === undefined || !isOfDeadProcess(mark)) continue;
    const base = join(tmpdir(), name);
    const status = await lstat(base).catch(() => null);
    if (status?.isDirectory() !== true || status.uid !== process.getuid?.()) continue;
    endLeftovers(base);
    await emptyDirectory(base);
    await removed(base);
  }
}

async function removed(directory: string): Promise<boolean> {
  return await rmdir(directory).then(
    () => true,
    () => false,
  );
}
