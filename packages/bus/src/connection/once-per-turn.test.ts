import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { startRedis, type TestRedis } from "@holdfast/testing";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { connect, disconnect } from "./connect.ts";
import { writingOncePerTurn } from "./once-per-turn.ts";
import { parseRedisAddress } from "./redis-address.ts";

let server: TestRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

async function withConnection(during: (redis: ReturnType<typeof connect>, writes: string[]) => Promise<void>) {
  const address = parseRedisAddress(server.url);
  if (address.kind === "cluster") throw new Error("one server");
  const redis = writingOncePerTurn(connect(address, { name: "test", onTrouble: () => undefined }));
  await once(redis, "ready");
  const writes: string[] = [];
  const { stream } = redis;
  const write = stream.write.bind(stream);
  stream.write = (text: string) => (writes.push(text), write(text));
  try {
    await during(redis, writes);
  } finally {
    await disconnect(redis);
  }
}

it("writes the commands of one turn at once, in their order, and waits for no answer before the next turn's", () =>
  withConnection(async (redis, writes) => {
    const one = Promise.all([redis.set("text", "é"), redis.get("text"), redis.incr("number")]);
    await turn();
    const two = redis.incr("number");
    expect(await one).toEqual(["OK", "é", 1]);
    expect(await two).toBe(2);
    expect(writes).toHaveLength(2);
  }));

it("lets no pipeline of the same turn overtake what was asked for before it", () =>
  withConnection(async (redis) => {
    const before = redis.incr("order");
    const pipeline = redis.pipeline().get("order").echo("in the pipeline").exec();
    const after = redis.incr("order");
    expect([await before, await pipeline, await after]).toEqual([
      1,
      [
        [null, "1"],
        [null, "in the pipeline"],
      ],
      2,
    ]);
  }));

it("sends what had not left when the connection broke over the next one, once", () =>
  withConnection(async (redis, writes) => {
    const before = redis.incr("broken");
    redis.stream.destroy();
    const [first, second] = await Promise.all([before, redis.incr("broken")]);
    expect([first, second]).toEqual([1, 2]);
    expect(writes).toEqual([]);
  }));
