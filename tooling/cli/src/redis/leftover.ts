/**
 * The private Redis of an earlier start that was killed. Two servers on one append-only file would destroy it, so before a
 * new one opens the directory the old one is asked to stop, and then made to. It is recognised by what only it has: the
 * recorded port answers with our directory, or the recorded process runs with our directory in its arguments.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { commandLineOf, isAlive } from "../stack/processes.ts";
import { dataDirectory, requestShutdown } from "./redis-dialogue.ts";

const PATIENCE_MS = 10_000;
const RECORD = "private-redis.json";

export interface PrivateRedisRecord {
  readonly pid: number;
  readonly port: number;
}

export function recordRedis(directory: string, record: PrivateRedisRecord): void {
  writeFileSync(join(directory, RECORD), `${JSON.stringify(record)}\n`);
}

export function forgetRedis(directory: string): void {
  rmSync(join(directory, RECORD), { force: true });
}

function readRecord(directory: string): PrivateRedisRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, RECORD), "utf8")) as PrivateRedisRecord;
  } catch {
    return undefined;
  }
}

/** Stops the Redis that an earlier start left on `directory`. Answers whether there was one. */
export async function stopLeftoverRedis(directory: string): Promise<boolean> {
  const record = readRecord(directory);
  if (record === undefined) return false;
  const isOurs = () => isAlive(record.pid) && commandLineOf(record.pid).includes(directory);
  const wasThere = isOurs() || (await dataDirectory(record.port)) === directory;
  if ((await dataDirectory(record.port)) === directory) await requestShutdown(record.port);
  else if (isOurs()) process.kill(record.pid, "SIGTERM");
  for (let waited = 0; isOurs(); waited += 50) {
    if (waited === PATIENCE_MS) process.kill(record.pid, "SIGKILL");
    await delay(50);
  }
  forgetRedis(directory);
  return wasThere;
}
