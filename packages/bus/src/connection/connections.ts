import type { Redis } from "ioredis";
import { OneConnectionSubscriber, type Subscriber } from "../log/subscriber.ts";
import { ShardedSubscriber } from "../log/sharded-subscriber.ts";
import { BusUnavailable } from "../ports/errors.ts";
import { type BlockingReads, OneConnectionReads, type TopicTail } from "./blocking-reads.ts";
import { addressOf, ClusterMap } from "./cluster-map.ts";
import { ClusterPrimaries } from "./cluster-primaries.ts";
import { ClusterReads, PollingTail } from "./cluster-reads.ts";
import { Commands } from "./commands.ts";
import { connect, connectCluster, type ConnectOptions, connectTo, disconnect } from "./connect.ts";
import { writingOncePerTurn } from "./once-per-turn.ts";
import { PrimaryLink } from "./primary-link.ts";
import { parseRedisAddress, type RedisAddress } from "./redis-address.ts";

/** Every way in which the bus talks to Redis, whatever stands behind REDIS_URL. Connects in the background. */
export interface Connections {
  readonly commands: Commands;
  readonly subscriber: Subscriber;
  openReads(): BlockingReads;
  openTail(): TopicTail;
  /** Resolves when all of Redis takes writes. Throws BusUnavailable. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface ConnectionsOptions {
  readonly url: string;
  /** Undefined waits until Redis is back. */
  readonly requestTimeoutMs?: number | undefined;
  readonly onTrouble: (message: string, error: unknown) => void;
}

/** Longer than any BLOCK of ours. */
const BLOCKS_FOR_MS = 8_000;
const CHECK_TIMEOUT_MS = 1_500;
/** Where a primary's lineage is kept. */
const LINEAGE_KEY = "lineage";

export function openConnections(options: ConnectionsOptions): Connections {
  const address = parseRedisAddress(options.url);
  return address.kind === "cluster" ? toCluster(address, options) : toOne(address, options);
}

/** A connection of this kind is known by this name in CLIENT LIST. */
type Named = (part: string, more?: Partial<ConnectOptions>) => ConnectOptions;

const naming =
  ({ onTrouble }: ConnectionsOptions): Named =>
  (part, more = {}) => ({ name: `holdfast:${part}`, onTrouble, ...more });

/** Their deadline is kept by Commands, which costs less than a timer of the client's for each. */
const hasteOf = ({ requestTimeoutMs }: ConnectionsOptions): Partial<ConnectOptions> => ({
  isHasty: requestTimeoutMs !== undefined,
});

/** One server, or the primary that Sentinels name. */
function toOne(address: Exclude<RedisAddress, { kind: "cluster" }>, options: ConnectionsOptions): Connections {
  const named = naming(options);
  const redis = writingOncePerTurn(connect(address, named("commands", hasteOf(options))));
  const link = new PrimaryLink({
    redis: connect(address, named("primary", { refusesAtBreak: true, commandTimeoutMs: CHECK_TIMEOUT_MS })),
    key: () => LINEAGE_KEY,
    publish: "PUBLISH",
    isExpected: true,
    onTrouble: options.onTrouble,
  });
  const subscriber = new OneConnectionSubscriber(writingOncePerTurn(connect(address, named("subscriber"))));
  const openBlocking = (): OneConnectionReads =>
    new OneConnectionReads(connect(address, named("blocking", { blocksForMs: BLOCKS_FOR_MS })));
  return {
    commands: new Commands({
      redis,
      primaries: { of: () => link },
      isOneServer: true,
      timeoutMs: options.requestTimeoutMs,
    }),
    subscriber,
    openReads: openBlocking,
    openTail: openBlocking,
    check: () => link.check(),
    async close() {
      link.close();
      await Promise.all([subscriber.close(), disconnect(redis)]);
    },
  };
}

function toCluster(address: Extract<RedisAddress, { kind: "cluster" }>, options: ConnectionsOptions): Connections {
  const named = naming(options);
  const { access } = address;
  const cluster = connectCluster(address, named("commands", hasteOf(options)));
  const map = new ClusterMap(cluster);
  const connectNode = (owner: string, part: string, more?: Partial<ConnectOptions>): Redis =>
    connectTo(addressOf(owner), access, named(part, more));
  const primaries = new ClusterPrimaries(
    map,
    (owner, isExpected) =>
      new PrimaryLink({
        redis: connectNode(owner, "primary", { refusesAtBreak: true, commandTimeoutMs: CHECK_TIMEOUT_MS }),
        key: () => map.keyOf(owner, LINEAGE_KEY),
        publish: "SPUBLISH",
        isExpected,
        onTrouble: options.onTrouble,
      }),
  );
  const subscriber = new ShardedSubscriber(map, (node) =>
    connectTo(node, access, named("subscriber", { refusesAtBreak: true })),
  );
  return {
    commands: new Commands({ redis: cluster, primaries, isOneServer: false, timeoutMs: options.requestTimeoutMs }),
    subscriber,
    openReads: () =>
      new ClusterReads(map, (node) => connectTo(node, access, named("blocking", { blocksForMs: BLOCKS_FOR_MS }))),
    openTail: () => new PollingTail(cluster),
    async check() {
      const links = primaries.all();
      if (cluster.status !== "ready" || links.length === 0) throw new BusUnavailable("the Cluster does not answer");
      await Promise.all(links.map((link) => link.check()));
    },
    async close() {
      primaries.close();
      await Promise.all([subscriber.close(), disconnect(cluster)]);
    },
  };
}
