import { expect, it } from "@jest/globals";
import { keySlot } from "./key-slot.ts";
import { parseRedisAddress } from "./redis-address.ts";

it("[config.redis-kinds] reads one server, a Cluster and Sentinels from the address of Redis", () => {
  expect(parseRedisAddress("rediss://me:secret@host:6380/1")).toEqual({
    kind: "single",
    url: "rediss://me:secret@host:6380/1",
  });
  expect(parseRedisAddress("rediss://me:p%40ss@a:1,rediss://b,rediss://[::1]:3")).toEqual({
    kind: "cluster",
    seeds: [
      { host: "a", port: 1 },
      { host: "b", port: 6379 },
      { host: "::1", port: 3 },
    ],
    access: { username: "me", password: "p@ss", hasTls: true },
  });
  expect(parseRedisAddress("redis+sentinel://:secret@a:1,b/mymaster/2")).toEqual({
    kind: "sentinel",
    sentinels: [
      { host: "a", port: 1 },
      { host: "b", port: 26379 },
    ],
    name: "mymaster",
    database: 2,
    access: { password: "secret", hasTls: false },
  });
});

// As CLUSTER KEYSLOT of Redis 7.0 answers.
it.each([
  ["123456789", 12_739],
  ["{stream:abc}:meta", keySlot("stream:abc")],
  ["foo{}{bar}", 8363],
  ["foo{{bar}}zap", 4015],
])("knows the slot of %s", (key, slot) => {
  expect(keySlot(key)).toBe(slot);
});
