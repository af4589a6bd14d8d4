/**
 * One start per data directory. The file names the process that uses it; a dead process's file means nothing. A start that is
 * just stopping (or whose terminal was killed a moment ago) is waited for, any other is named to the person who started twice.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { commandLineOf, isAlive } from "./processes.ts";

const FILE = "start.json";
const PROGRAM = "tooling/cli/src/start.ts";
const NOTICE_MS = 1500; // A killed start notices within this time, and then says that it is stopping.
const STOPPING_MS = 30_000;
const POLL_MS = 50;

interface Holder {
  readonly pid: number;
  readonly url?: string;
  readonly isStopping?: boolean;
}

export interface Claim {
  /** Publishes the address for whoever starts a second time. */
  serves(url: string): void;
  stopping(): void;
  release(): void;
}

function holderOf(file: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, "utf8")) as Holder;
    const isOther = holder.pid !== process.pid && isAlive(holder.pid) && commandLineOf(holder.pid).includes(PROGRAM);
    return isOther ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** Takes the directory, or answers the address of the start that has it. */
export async function claimDirectory(directory: string): Promise<Claim | { readonly takenBy: string }> {
  const file = join(directory, FILE);
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const holder = holderOf(file);
    if (!holder) break;
    if (waitedMs >= (holder.isStopping ? STOPPING_MS : NOTICE_MS)) {
      return { takenBy: holder.url ?? `process ${holder.pid}` };
    }
    await delay(POLL_MS);
  }
  let holder: Holder = { pid: process.pid };
  const write = (change: Partial<Holder>) => {
    holder = { ...holder, ...change };
    writeFileSync(file, `${JSON.stringify(holder)}\n`);
  };
  write({});
  return {
    serves: (url) => write({ url }),
    stopping: () => write({ isStopping: true }),
    release: () => rmSync(file, { force: true }),
  };
}
