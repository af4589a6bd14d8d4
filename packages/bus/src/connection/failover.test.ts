import { connect, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { newUuid, streamTopic } from "@holdfast/protocol";
import {
  redisCommand,
  startRedis,
  startRedisCluster,
  startRedisSentinels,
  type TestRedis,
  until,
} from "@holdfast/testing";
import type { LogLine } from "../ports/entry.ts";
import type { RunLease } from "../ports/runs.ts";
import { createRedisBus } from "../redis-bus.ts";
import { appendTokens, claimed, COMPLETED, indexesOf, message, upTo } from "../test-lab/bus-lab.ts";

interface Site {
  readonly url: string;
  primaryOf(key: string): Promise<TestRedis>;
  stop(): Promise<void>;
}

const SITES: Readonly<Record<string, () => Promise<Site>>> = {
  "a Cluster": startRedisCluster,
  Sentinels: async () => {
    const { url, primary, stop } = await startRedisSentinels();
    return { url, primaryOf: primary, stop };
  },
};

const epochsOf = (lines: readonly LogLine[]): string[] => [...new Set(lines.map(({ id }) => id.split("-")[0] ?? ""))];

describe.each(Object.entries(SITES))("a failover of %s", (_name, startSite) => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite();
  }, 60_000);
  afterAll(() => site.stop());

  it("[failover.exact] loses no event of a running run, under another epoch, live and in the log", async () => {
    const bus = createRedisBus({ url: site.url });
    try {
      const given = message(newUuid());
      const id = given.envelope.conversation_id;
      const heard: LogLine[] = [];
      let resubscribed = 0;
      await bus.eventLog.follow(id, {
        onLines: (lines) => void heard.push(...lines),
        onResubscribed: () => void (resubscribed += 1),
        onDeleted: () => undefined,
      });
      await bus.conversations.accept(given);
      const lease = await claimed(bus, id);
      appendTokens(50, lease);
      await lease.flush();
      await until(() => indexesOf(heard).length === 50);
      await (await site.primaryOf(streamTopic(id))).kill();
      appendTokens(50, lease, 50);
      await lease.flush();
      await lease.finish(COMPLETED);
      const log = await bus.eventLog.read(id, undefined, 1_000);
      expect(indexesOf(log)).toEqual(upTo(100));
      expect(epochsOf(log)).toHaveLength(1);
      await until(() => resubscribed > 0);
      // Live again at the new primary.
      heard.length = 0;
      await until(
        async () => {
          await bus.conversations.accept(message(id));
          return heard.length > 0;
        },
        { intervalMs: 200 },
      );
    } finally {
      await bus.close();
    }
  }, 60_000);
});

describe("a failover that loses acknowledged writes", () => {
  it.each([
    { name: "an append", write: (lease: RunLease): Promise<unknown> => lease.flush() },
    { name: "a step's beginning", write: (lease: RunLease): Promise<unknown> => lease.beginStep(1) },
  ])(
    "[failover.lost-tail] writes the owner's events again at $name, and gives no number to another event",
    async ({ write }) => {
      const primary = await startRedis({ aof: true, args: ["--repl-diskless-sync-delay", "0"] });
      const replica = await startRedis({ aof: true, args: ["--replicaof", "127.0.0.1", `${primary.port}`] });
      const bus = createRedisBus({ url: primary.url });
      try {
        await until(async () => (await redisCommand(primary.port, "INFO", "replication")).includes("state=online"));
        const given = message(newUuid());
        const id = given.envelope.conversation_id;
        await bus.conversations.accept(given);
        const lease = await claimed(bus, id);
        appendTokens(10, lease);
        await lease.flush();
        const synced = async () =>
          Number(await redisCommand(replica.port, "XLEN", streamTopic(id)).then((n) => n.slice(1)));
        await until(async () => (await synced()) === 12);
        // From here on the replica hears nothing, as one that lags behind at the moment of a failover.
        await redisCommand(replica.port, "REPLICAOF", "NO", "ONE");
        appendTokens(10, lease, 10);
        await write(lease);
        const shown = await bus.eventLog.read(id, undefined, 100);
        expect(indexesOf(shown)).toEqual(upTo(20));
        await primary.kill();
        expect(await synced()).toBe(12);
        await relay(primary.port, replica.port, async () => {
          appendTokens(5, lease, 20);
          await write(lease);
          const log = await bus.eventLog.read(id, undefined, 100);
          expect(indexesOf(log)).toEqual(upTo(25));
          const [before, after] = [shown, log].map((lines) => new Map(lines.map((line) => [line.id, line.payload])));
          for (const [entry, payload] of after ?? []) expect(before?.get(entry) ?? payload).toBe(payload);
          expect(epochsOf(log)).toHaveLength(1);
          expect(epochsOf(log)).not.toEqual(epochsOf(shown));
        });
      } finally {
        await bus.close();
        await Promise.all([primary.stop(), replica.stop()]);
      }
    },
    40_000,
  );
});

describe("a replica", () => {
  it("[failover.replicated] has an accepted message before it is answered; one that hangs is waited for a moment, and said", async () => {
    const primary = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
    const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", `${primary.port}`] });
    const told: string[] = [];
    await until(async () => (await redisCommand(primary.port, "INFO", "replication")).includes("state=online"));
    const bus = createRedisBus({ url: primary.url, onTrouble: (what) => void told.push(what) });
    const accept = async (): Promise<string> => {
      const given = message(newUuid());
      await bus.conversations.accept(given);
      return redisCommand(replica.port, "XLEN", streamTopic(given.envelope.conversation_id));
    };
    try {
      // A machine that is busy may have a replica that is late, now and then.
      await until(async () => (await accept()) === ":2\r\n");
      process.kill(replica.pid, "SIGSTOP");
      const beganAtMs = performance.now();
      await bus.conversations.accept(message(newUuid()));
      expect(performance.now() - beganAtMs).toBeGreaterThan(400);
      expect(told).toContainEqual(expect.stringContaining("no replica of Redis has confirmed"));
      process.kill(replica.pid, "SIGCONT");
      await until(async () => (await accept()) === ":2\r\n");
    } finally {
      await bus.close();
      await Promise.all([primary.stop(), replica.stop()]);
    }
  }, 20_000);
});

describe("a command to an agent", () => {
  it("[failover.control] is on a replica before who gave it is answered", async () => {
    const primary = await startRedis({ args: ["--repl-diskless-sync-delay", "0"] });
    const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", `${primary.port}`] });
    const told: string[] = [];
    await until(async () => (await redisCommand(primary.port, "INFO", "replication")).includes("state=online"));
    const bus = createRedisBus({ url: primary.url, onTrouble: (what) => void told.push(what) });
    try {
      process.kill(replica.pid, "SIGSTOP");
      await bus.control.send("assistant", { type: "pause", by: "operator" });
      // That it was waited for in vain is said.
      expect(told).toContainEqual(expect.stringContaining("no replica of Redis has confirmed"));
      process.kill(replica.pid, "SIGCONT");
    } finally {
      await bus.close();
      await Promise.all([primary.stop(), replica.stop()]);
    }
  }, 30_000);
});

describe("a restart of Redis", () => {
  it("[failover.restart] that lost nothing goes on under the same epoch, also when it is asked while it loads", async () => {
    // Loading takes a second and more; in between INFO answers, and says that there is no append-only file.
    const slowly = ["--key-load-delay", "200"];
    const redis = await startRedis({ aof: true, args: slowly });
    const bus = createRedisBus({ url: redis.url });
    try {
      const given = message(newUuid());
      const id = given.envelope.conversation_id;
      await bus.conversations.accept(given);
      const lease = await claimed(bus, id);
      appendTokens(5, lease);
      await lease.flush();
      await redisCommand(redis.port, "EVAL", "for i = 1, 6000 do redis.call('SET', 'some:' .. i, 'data') end", 0);
      await redis.kill();
      const restarted = redis.restart();
      await until(async () => (await redisCommand(redis.port, "CLIENT", "LIST")).includes("name=holdfast:primary"));
      expect(await redisCommand(redis.port, "INFO", "persistence")).toContain("loading:1");
      appendTokens(5, lease, 5);
      await Promise.all([lease.flush(), restarted]);
      await lease.finish(COMPLETED);
      const log = await bus.eventLog.read(id, undefined, 100);
      expect(indexesOf(log)).toEqual(upTo(10));
      expect(epochsOf(log)).toHaveLength(1);
    } finally {
      await bus.close();
      await redis.stop();
    }
  }, 30_000);
});

/** Whoever connects to `from` talks to `to`, as behind an address that follows the primary. */
async function relay(from: number, to: number, during: () => Promise<void>): Promise<void> {
  const server = createServer((client) => {
    const upstream = connect(to, "127.0.0.1");
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  server.listen(from, "127.0.0.1");
  try {
    await during();
  } finally {
    server.close();
  }
}
