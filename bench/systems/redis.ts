import { startRedis, type TestRedis } from "@holdfast/testing";

/** Every system that uses Redis gets the same: all writes in a log that reaches the disk every second. */
export function startDurableRedis(): Promise<TestRedis> {
  return startRedis({ aof: true, args: ["--appendfsync", "everysec", "--maxclients", "15000"] });
}
