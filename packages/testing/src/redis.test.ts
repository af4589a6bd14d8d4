import { existsSync } from "node:fs";
import { connect } from "node:net";
import { afterEach, expect, it } from "@jest/globals";
import { startRedis, type TestRedis } from "./redis.ts";

const started: TestRedis[] = [];
async function start(options?: Parameters<typeof startRedis>[0]): Promise<TestRedis> {
  const redis = await startRedis(options);
  started.push(redis);
  return redis;
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((redis) => redis.stop()));
});

/** Sends one inline command and returns the raw reply. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.write(`${command}\r\n`);
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it("answers as soon as it is started, and is gone with its directory after stop", async () => {
  const redis = await start();
  expect(await ask(redis.port, "PING")).toBe("+PONG\r\n");
  await redis.stop();
  expect(isAlive(redis.pid)).toBe(false);
  expect(existsSync(redis.dir)).toBe(false);
});

it("keeps data over SIGKILL and restart when it has an append-only file", async () => {
  const redis = await start({ aof: true });
  await ask(redis.port, "SET kept yes");
  const before = redis.pid;
  await redis.kill();
  expect(isAlive(before)).toBe(false);
  await redis.restart();
  expect(redis.pid).not.toBe(before);
  expect(await ask(redis.port, "GET kept")).toBe("$3\r\nyes\r\n");
});

it("refuses writes instead of evicting when maxmemory is reached", async () => {
  const redis = await start({ maxmemory: "512kb" });
  expect(await ask(redis.port, "CONFIG GET maxmemory-policy")).toContain("noeviction");
  expect(await ask(redis.port, "SET key value")).toMatch(/OOM/);
});

it("gives every server its own port", async () => {
  const [one, two] = await Promise.all([start(), start()]);
  expect(one.port).not.toBe(two.port);
});

it("says why when the asked port is taken", async () => {
  const { port } = await start();
  await expect(start({ port })).rejects.toThrow(/ended before it was ready[^]*Address already in use/);
});

it("names the package to install when redis-server is missing", async () => {
  const before = process.env["REDIS_SERVER"];
  process.env["REDIS_SERVER"] = "/nowhere/redis-server";
  try {
    await expect(start()).rejects.toThrow(/apt-get install redis-server/);
  } finally {
    if (before === undefined) delete process.env["REDIS_SERVER"];
    else process.env["REDIS_SERVER"] = before;
  }
});

it("listens on 127.0.0.1 only", async () => {
  const { port } = await start();
  expect(await ask(port, "CONFIG GET bind")).toBe("*2\r\n$4\r\nbind\r\n$9\r\n127.0.0.1\r\n");
});
