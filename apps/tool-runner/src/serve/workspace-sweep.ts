import { readdir, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Conversations } from "@holdfast/bus";
import { isUuid } from "@holdfast/protocol";
import type { Logger } from "@holdfast/telemetry";
import { emptyDirectory } from "../terminal/empty-directory.ts";

/*
 * A workspace ends with its conversation: at once where that was deleted, and where it has expired, when nobody has worked in
 * it for as long as a conversation is kept. A conversation that Redis merely does not know, because it came here by another
 * way or Redis has lost it, keeps its files until then.
 */

const EVERY_MS = 60_000;
const FIRST_MS = 2_000;

export interface WorkspaceSweepParts {
  readonly conversations: Pick<Conversations, "find">;
  readonly root: string;
  readonly conversationTtlMs: number;
  readonly logger: Logger;
  /** Default a minute. */
  readonly everyMs?: number;
}

export class WorkspaceSweep {
  readonly #parts: WorkspaceSweepParts;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(parts: WorkspaceSweepParts) {
    this.#parts = parts;
  }

  start(): void {
    const everyMs = this.#parts.everyMs ?? EVERY_MS;
    this.#timer = setTimeout(() => this.#again(everyMs), Math.min(FIRST_MS, everyMs)).unref();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    await this.#sweeping;
  }

  #again(everyMs: number): void {
    this.#sweeping = this.#sweep().finally(() => {
      if (!this.#isStopping) this.#timer = setTimeout(() => this.#again(everyMs), everyMs).unref();
    });
  }

  async #sweep(): Promise<void> {
    const { root, logger } = this.#parts;
    let removed = 0;
    try {
      for (const id of (await readdir(root)).filter(isUuid)) {
        if (this.#isStopping) return;
        if ((await this.#isOver(id)) && (await remove(join(root, id)))) removed += 1;
      }
    } catch (error) {
      logger.debug("the workspaces cannot be looked through now", { error });
    }
    if (removed > 0) logger.info("workspaces of conversations that are no more were removed", { removed });
  }

  async #isOver(id: string): Promise<boolean> {
    const { outcome } = await this.#parts.conversations.find(id);
    if (outcome !== "missing") return outcome === "deleted";
    const { mtimeMs } = await stat(join(this.#parts.root, id));
    return Date.now() - mtimeMs > this.#parts.conversationTtlMs;
  }
}

async function remove(path: string): Promise<boolean> {
  if (!(await emptyDirectory(path))) return false;
  return await rmdir(path).then(
    () => true,
    () => false,
  );
}
