/**
 * Where a tool works: one directory per conversation, made when first needed, closed to everybody but the user that tools
 * run as. Links are never followed on the way, because a tool could have put them there.
 */
import { fchmodSync, fchownSync } from "node:fs";
import { chmod, mkdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { isUuid } from "@holdfast/protocol";
import { withDirectory } from "./anchored-path.ts";
import type { ToolIdentity } from "./launcher.ts";

const OWNER_ONLY = 0o700;
const SEARCHABLE_BY_ALL = 0o111;

export class Workspaces {
  readonly #root: string;
  readonly #identity: ToolIdentity | null;

  private constructor(root: string, identity: ToolIdentity | null) {
    this.#root = root;
    this.#identity = identity;
  }

  /** Makes `root` if it is missing. */
  static async open(root: string, identity: ToolIdentity | null): Promise<Workspaces> {
    await mkdir(root, { recursive: true });
    const canonical = await realpath(root);
    const { mode } = await stat(canonical);
    // A user of its own must be able to pass through to its conversation; 0711 lets it list nothing.
    if (identity && (mode & SEARCHABLE_BY_ALL) !== SEARCHABLE_BY_ALL) await chmod(canonical, mode | SEARCHABLE_BY_ALL);
    return new Workspaces(canonical, identity);
  }

  /** The canonical path of the conversation's directory. Rejects when something else has taken its place. */
  async of(conversationId: string): Promise<string> {
    if (!isUuid(conversationId)) throw new TypeError("a conversation's id must be a UUID in lower case");
    const path = join(this.#root, conversationId);
    await mkdir(path, { mode: OWNER_ONLY }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    await withDirectory(path, (directory) => {
      if (this.#identity) fchownSync(directory, this.#identity.uid, this.#identity.gid);
      fchmodSync(directory, OWNER_ONLY);
    });
    return path;
  }
}
