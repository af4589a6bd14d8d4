/**
 * A real Redis Cluster for a test: three primaries, each with a replica, ready to fail over. It takes about three seconds to
 * start, so one serves a whole suite.
 */
import { freePort } from "./free-port.ts";
import { redisCommand } from "./redis-command.ts";
import { startRedis, type TestRedis } from "./redis.ts";
import { until } from "./until.ts";

export interface TestCluster {
  /** As REDIS_URL has it: a list of all servers. */
  readonly url: string;
  readonly servers: readonly TestRedis[];
  /** The server that owns the key's slot now. */
  primaryOf(key: string): Promise<TestRedis>;
  /** Moves the key's slot to another primary, key by key as an operator's resharding does; `halfway` runs when half is there. */
  reshard(key: string, halfway: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

const PRIMARIES = 3;
const SLOTS = 16_384;
/** Until a server that does not answer counts as failed. */
const NODE_TIMEOUT_MS = 1_500;
const READY_MS = 60_000;

export async function startRedisCluster(): Promise<TestCluster> {
  const servers = await Promise.all(Array.from({ length: PRIMARIES * 2 }, startNode));
  const stop = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.stop())));
  try {
    await join(servers);
  } catch (error) {
    await stop();
    throw error;
  }
  const primaryOf = async (key: string): Promise<TestRedis> => {
    const slot = await slotOf(servers, key);
    const owner = await until(async () => ownerOf(slot, await askAny(servers, "CLUSTER", "NODES")), {
      timeoutMs: READY_MS,
      what: "the slot has an owner",
    });
    const found = servers.find(({ port }) => port === owner);
    if (!found) throw new Error(`slot ${slot} belongs to nobody of this Cluster`);
    return found;
  };
  return {
    url: servers.map(({ url }) => url).join(","),
    servers,
    stop,
    primaryOf,
    async reshard(key, halfway) {
      const from = await primaryOf(key);
      const to = servers.slice(0, PRIMARIES).find((server) => server !== from);
      if (to) await moveSlot(await slotOf(servers, key), from, to, halfway);
    },
  };
}

async function moveSlot(slot: number, from: TestRedis, to: TestRedis, halfway: () => Promise<void>): Promise<void> {
  const [fromId, toId] = [await idOf(from), await idOf(to)];
  await redisCommand(to.port, "CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
  await redisCommand(from.port, "CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
  const keysLeft = async (): Promise<string[]> => {
    const reply = await redisCommand(from.port, "CLUSTER", "GETKEYSINSLOT", slot, 1_000);
    return [...reply.matchAll(/^\$\d+\r\n(.*)\r$/gm)].map(([, key = ""]) => key);
  };
  const half = Math.floor((await keysLeft()).length / 2);
  for (let moved = 0; ; moved += 1) {
    if (moved === half) await halfway();
    // Keys may come and go meanwhile.
    const [next] = await keysLeft();
    if (next === undefined) break;
    await redisCommand(from.port, "MIGRATE", "127.0.0.1", to.port, next, 0, 5_000);
  }
  for (const { port } of [to, from]) await redisCommand(port, "CLUSTER", "SETSLOT", slot, "NODE", toId);
}

const idOf = async ({ port }: TestRedis): Promise<string> => bulk(await redisCommand(port, "CLUSTER", "MYID"));

const slotOf = async (servers: readonly TestRedis[], key: string): Promise<number> =>
  Number((await askAny(servers, "CLUSTER", "KEYSLOT", key)).slice(1));

/** Somebody may take the port of its bus before it does: then it ends at once, and another is tried. */
async function startNode(): Promise<TestRedis> {
  for (let attempt = 1; ; attempt += 1) {
    const options = [
      ["--cluster-enabled", "yes"],
      ["--cluster-port", `${await freePort()}`],
      ["--cluster-node-timeout", `${NODE_TIMEOUT_MS}`],
      ["--repl-diskless-sync-delay", "0"],
    ];
    try {
      return await startRedis({ aof: true, args: options.flat() });
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

async function join(servers: readonly TestRedis[]): Promise<void> {
  const primaries = servers.slice(0, PRIMARIES);
  const [first] = servers;
  const share = Math.ceil(SLOTS / PRIMARIES);
  for (const [at, { port }] of primaries.entries()) {
    const last = Math.min((at + 1) * share, SLOTS) - 1;
    await redisCommand(port, "CLUSTER", "ADDSLOTSRANGE", at * share, last);
    await redisCommand(port, "CLUSTER", "SET-CONFIG-EPOCH", at + 1);
  }
  for (const { port } of servers.slice(1)) {
    const busPort = await busPortOf(port);
    await redisCommand(first?.port ?? 0, "CLUSTER", "MEET", "127.0.0.1", port, busPort);
  }
  const knows = async ({ port }: TestRedis): Promise<boolean> =>
    (await redisCommand(port, "CLUSTER", "INFO")).includes(`cluster_known_nodes:${servers.length}`);
  await until(async () => (await Promise.all(servers.map(knows))).every(Boolean), { timeoutMs: READY_MS });
  for (const [at, { port }] of servers.slice(PRIMARIES).entries()) {
    const primary = primaries[at];
    if (primary) await redisCommand(port, "CLUSTER", "REPLICATE", await idOf(primary));
  }
  await until(async () => (await Promise.all(servers.map(isReady))).every(Boolean), {
    timeoutMs: READY_MS,
    what: "the Cluster is ready to fail over",
  });
}

/** Killing a primary before its replica is attached loses its slots. */
async function isReady({ port }: TestRedis): Promise<boolean> {
  const info = await redisCommand(port, "INFO", "replication");
  const isAttached = info.includes("role:slave") ? info.includes("master_link_status:up") : /state=online/.test(info);
  return isAttached && (await redisCommand(port, "CLUSTER", "INFO")).includes("cluster_state:ok");
}

async function busPortOf(port: number): Promise<number> {
  const [line = ""] = bulk(await redisCommand(port, "CLUSTER", "NODES")).split("\n");
  return Number(/@(\d+)/.exec(line)?.[1]);
}

/** Of a server that is alive: others may be killed by the test. */
async function askAny(servers: readonly TestRedis[], ...words: string[]): Promise<string> {
  return until(async () => {
    for (const { port } of servers) {
      const answer = await redisCommand(port, ...words).catch(() => undefined);
      if (answer !== undefined) return answer;
    }
    return undefined;
  });
}

/** Port of the primary that serves the slot and is not failing, from CLUSTER NODES. */
function ownerOf(slot: number, nodes: string): number | undefined {
  for (const line of bulk(nodes).split("\n")) {
    const [, address = "", flags = "", , , , , , ...ranges] = line.trim().split(" ");
    if (!flags.includes("master") || flags.includes("fail")) continue;
    const isIn = ranges.some((range) => {
      const [from, to = from] = range.split("-").map(Number);
      return from !== undefined && to !== undefined && slot >= from && slot <= to;
    });
    if (isIn) return Number(/:(\d+)@/.exec(address)?.[1]);
  }
  return undefined;
}

/** A bulk reply without its length. */
const bulk = (reply: string): string => reply.slice(reply.indexOf("\r\n") + 2).trimEnd();
