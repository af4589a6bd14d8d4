import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { which } from "../commands.ts";
import { isAlive } from "../stack/processes.ts";
import { SupervisedChild } from "../stack/supervised-child.ts";
import { forgetRedis, recordRedis, stopLeftoverRedis } from "./leftover.ts";
import { type PrivateRedis, privateRedis } from "./private-redis.ts";
import { ask, dataDirectory } from "./redis-dialogue.ts";

let data = "";
const children: SupervisedChild[] = [];
const SERVER = which("redis-server") ?? which("valkey-server") ?? "redis-server is not on PATH";

beforeEach(() => {
  data = realpathSync(mkdtempSync(join(tmpdir(), "private redis ")));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop(1000)));
  rmSync(data, { recursive: true, force: true });
});

async function start(): Promise<{ redis: PrivateRedis; child: SupervisedChild }> {
  const redis = privateRedis({ kind: "server", path: SERVER, version: "7.0.0", origin: "path" }, data);
  const child = new SupervisedChild(redis.recipe, { line: () => {}, notice: () => {}, groupsChanged: () => {} });
  children.push(child);
  await child.start();
  return { redis, child };
}

it("serves from its own directory, also one with a space, and never evicts", async () => {
  const { redis } = await start();
  expect(await dataDirectory(redis.port())).toBe(join(data, "redis"));
  expect(await ask(redis.port(), "CONFIG GET maxmemory-policy", /noeviction/)).toBeDefined();
  expect(await ask(redis.port(), "CONFIG GET appendfsync", /everysec/)).toBeDefined();
});

it("keeps what was written over a restart", async () => {
  const first = await start();
  await ask(first.redis.port(), "SET kept yes", /\+OK/);
  await first.child.stop(5000);
  const second = await start();
  expect(await ask(second.redis.port(), "GET kept", /yes/)).toBeDefined();
});

it("the Redis of a killed start is stopped before another opens its files", async () => {
  const { redis, child } = await start();
  const pid = child.group ?? 0;
  await ask(redis.port(), "SET kept yes", /\+OK/);
  recordRedis(redis.directory, { pid, port: redis.port() });
  // As after a kill of the whole start: nobody supervises it any more.
  void child.stop(60_000).catch(() => {});
  expect(await stopLeftoverRedis(redis.directory)).toBe(true);
  expect(isAlive(pid)).toBe(false);
  expect(await stopLeftoverRedis(redis.directory)).toBe(false);
});

it("a recorded process that is somebody else's is left alone", async () => {
  const { redis } = await start();
  const other = join(data, "redis");
  recordRedis(other, { pid: process.pid, port: 1 });
  expect(await stopLeftoverRedis(other)).toBe(false);
  expect(await ask(redis.port(), "PING", /PONG/)).toBeDefined();
  forgetRedis(other);
});
