/**
 * What a workspace holds, and a watch over it while a command runs. A limit on the size of a file bounds one file; many of them
 * fill a disk all the same.
 */
import { type Dirent, lstatSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { entryOf, pathOf, withDirectory } from "./anchored-path.ts";

export interface Usage {
  readonly bytes: number;
  readonly files: number;
}
export type Quota = Usage;

const ENTRIES_A_TURN = 200;
const MAX_DEPTH = 64;
const WATCH_EVERY_MS = 500;
/** Looking may take a twentieth of the time. */
const IDLE_FACTOR = 20;

/** Counts until it is certain that `quota` is exceeded. What vanishes meanwhile, or is closed to the runner, counts nothing. */
export async function measureUsage(root: string, quota: Quota): Promise<Usage> {
  const usage = { bytes: 0, files: 0 };
  await count(root, quota, usage, 0);
  return usage;
}

export const isOver = (usage: Usage, quota: Quota): boolean => usage.bytes > quota.bytes || usage.files > quota.files;

async function count(
  directory: string | Buffer,
  quota: Quota,
  usage: { bytes: number; files: number },
  depth: number,
): Promise<void> {
  try {
    await withDirectory(directory, async (open) => {
      const entries: Dirent<Buffer>[] = await readdir(pathOf(open), { withFileTypes: true, encoding: "buffer" });
      for (const entry of entries) {
        if (isOver(usage, quota)) return;
        usage.files += 1;
        if (usage.files % ENTRIES_A_TURN === 0) await nextTurn();
        const path = entryOf(open, entry.name);
        // Blocks, not length: a sparse file takes no room, and a small one takes a whole block.
        usage.bytes += (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
        if (entry.isDirectory() && depth < MAX_DEPTH) await count(path, quota, usage, depth + 1);
      }
    });
  } catch {
    // Removed or replaced meanwhile.
  }
}

/** Calls `onOver` once when the workspace grows past its quota. Answers what ends the watch. */
export function watchUsage(root: string, quota: Quota, onOver: () => void): () => void {
  let isDone = false;
  let timer: NodeJS.Timeout;
  const look = async (): Promise<void> => {
    const startedAt = performance.now();
    const usage = await measureUsage(root, quota);
    if (isDone) return;
    if (isOver(usage, quota)) onOver();
    else timer = setTimeout(() => void look(), Math.max(WATCH_EVERY_MS, (performance.now() - startedAt) * IDLE_FACTOR));
  };
  timer = setTimeout(() => void look(), WATCH_EVERY_MS);
  return () => {
    isDone = true;
    clearTimeout(timer);
  };
}
