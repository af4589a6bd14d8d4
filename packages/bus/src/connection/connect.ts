import { Cluster, Redis, type RedisOptions } from "ioredis";
import { decodeLeanly } from "./lean-decoder.ts";
import type { Access, HostPort, RedisAddress } from "./redis-address.ts";

decodeLeanly();

export interface ConnectOptions {
  /** Shown in CLIENT LIST, so that an operator sees who holds a connection. */
  readonly name: string;
  readonly commandTimeoutMs?: number;
  /** Nobody waits for an answer for long: what is to be sent is dropped soon, so that an absent Redis collects no commands. */
  readonly isHasty?: boolean;
  /** For a connection that blocks, longer than any BLOCK on it: a reply that takes longer never comes (ioredis #1285). */
  readonly blocksForMs?: number;
  /**
   * True: what was on its way when the connection broke is refused at once, and never sent over the next connection, which
   * may lead to another server.
   */
  readonly refusesAtBreak?: boolean;
  readonly onTrouble: (message: string, error: unknown) => void;
}

/**
 * A network that went silent sends no RST: without this, whoever waits for a reply would wait for as long as the kernel
 * retransmits, a quarter of an hour. Far above what a busy Redis takes to answer.
 */
const SILENCE_MS = 5_000;
type Settings = Omit<RedisOptions, "replyMapping">;

const RECONNECT_CAP_MS = 1_000;
const TROUBLE_EVERY_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const CLUSTER_PAUSE_MS = 100;
/** By itself the client would wait as long as Redis guesses at first that loading will take, however soon it is done. */
const LOADING_PAUSE_MS = 100;

/**
 * One connection to the primary at `address` that reconnects for ever. Commands wait for it: every write of ours is
 * idempotent, so resending one whose reply was lost is safe. A failover shows as READONLY: reconnect and send again.
 */
export function connect(address: Exclude<RedisAddress, { kind: "cluster" }>, options: ConnectOptions): Redis {
  const settings = settingsOf(options);
  if (address.kind === "single") return watched(new Redis(address.url, settings), options);
  return watched(
    new Redis({
      ...settings,
      ...loginOf(address.access),
      sentinels: address.sentinels.map(({ host, port }) => ({ host, port })),
      name: address.name,
      db: address.database,
      role: "master",
      // Not its detector of failovers: one of an earlier connection ends, for good, the one that is being made. A primary that
      // hangs is found by its silence.
      failoverDetector: false,
      sentinelRetryStrategy: backoff,
      sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
      enableTLSForSentinelMode: address.access.hasTls,
    }),
    options,
  );
}

/** One connection to one server of a Cluster, whatever its role is. */
export function connectTo(node: HostPort, access: Access, options: ConnectOptions): Redis {
  return watched(new Redis({ ...settingsOf(options), ...loginOf(access), host: node.host, port: node.port }), options);
}

/** Commands to all of a Cluster: each goes to its slot's primary, and waits while the Cluster chooses a new one. */
export function connectCluster(
  { seeds, access }: Extract<RedisAddress, { kind: "cluster" }>,
  options: ConnectOptions,
): Cluster {
  const { retryStrategy: _own, ...settings } = settingsOf(options);
  const clusterOptions = {
    // It groups by server, and while slots move a whole group is sent anew: what it gains on a Cluster is not measured yet.
    enableAutoPipelining: false,
    scaleReads: "master" as const,
    maxRedirections: 64,
    retryDelayOnFailover: CLUSTER_PAUSE_MS,
    retryDelayOnClusterDown: CLUSTER_PAUSE_MS,
    retryDelayOnTryAgain: CLUSTER_PAUSE_MS,
    slotsRefreshTimeout: 2_000,
    slotsRefreshInterval: 2_000,
    clusterRetryStrategy: backoff,
    redisOptions: { ...settings, ...loginOf(access), maxRetriesPerRequest: null, reconnectOnError: null },
  };
  const cluster = new Cluster(
    seeds.map(({ host, port }) => ({ host, port })),
    clusterOptions,
  );
  return watched(cluster, options);
}

function settingsOf(options: ConnectOptions): Settings {
  const report = reporter(options);
  const refusesAtBreak = options.refusesAtBreak ?? options.blocksForMs !== undefined;
  return {
    connectionName: options.name,
    maxRetriesPerRequest: retriesOf(options, refusesAtBreak),
    autoResendUnfulfilledCommands: !refusesAtBreak,
    autoResubscribe: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxLoadingRetryTime: LOADING_PAUSE_MS,
    disconnectTimeout: 300,
    keepAlive: 30_000,
    noDelay: true,
    retryStrategy: backoff,
    reconnectOnError: (error) => {
      if (!error.message.startsWith("READONLY")) return false;
      report(error);
      return 2;
    },
    ...(options.commandTimeoutMs === undefined ? {} : { commandTimeout: options.commandTimeoutMs }),
    socketTimeout: options.blocksForMs ?? SILENCE_MS,
  };
}

const loginOf = ({ username, password, hasTls }: Access): Settings => ({
  ...(username ? { username } : {}),
  ...(password ? { password } : {}),
  ...(hasTls ? { tls: {} } : {}),
});

function backoff(tries: number): number {
  return Math.min(50 * 2 ** Math.min(tries, 5), RECONNECT_CAP_MS) * (0.75 + Math.random() / 2);
}

/** A Redis that is away fails many times a second: it is said now and then. */
function reporter({ name, onTrouble }: ConnectOptions): (error: unknown) => void {
  let quietUntil = 0;
  return (error) => {
    if (Date.now() < quietUntil) return;
    quietUntil = Date.now() + TROUBLE_EVERY_MS;
    onTrouble(`connection ${name} to Redis is in trouble`, error);
  };
}

/**
 * ioredis drops, unanswered, what a lost connection was blocking for unless it is sent again: a reader would wait for ever.
 * At 0 it is refused at once, and the reader reads again from where it stands. All that is not hasty waits.
 */
function retriesOf({ isHasty = false }: ConnectOptions, refusesAtBreak: boolean): number | null {
  if (refusesAtBreak) return 0;
  return isHasty ? 3 : null;
}

function watched<Connection extends Redis | Cluster>(connection: Connection, options: ConnectOptions): Connection {
  const report = reporter(options);
  connection.on("error", report);
  connection.on("node error", report);
  return connection;
}

/** Ends a connection without waiting for an absent Redis. */
export async function disconnect(redis: Redis | Cluster): Promise<void> {
  if (redis.status === "ready") await redis.quit().catch(() => undefined);
  redis.disconnect();
}
