import { Redis, type RedisOptions } from "ioredis";

export interface ConnectOptions {
  readonly url: string;
  /** Shown in CLIENT LIST, so that an operator sees who holds a connection. */
  readonly name: string;
  readonly commandTimeoutMs?: number;
  /** For a connection that blocks, longer than any BLOCK on it: a reply that takes longer never comes (ioredis #1285). */
  readonly blocksForMs?: number;
  readonly autoPipelining?: boolean;
  readonly onTrouble: (message: string, error: unknown) => void;
}

/**
 * A network that went silent sends no RST: without this, whoever waits for a reply would wait for as long as the kernel
 * retransmits, a quarter of an hour. Far above what a busy Redis takes to answer.
 */
const SILENCE_MS = 5_000;
const RECONNECT_CAP_MS = 1_000;
const TROUBLE_EVERY_MS = 5_000;

/**
 * One connection to Redis that reconnects for ever. Commands wait for it: every write of ours is idempotent, so resending
 * one whose reply was lost is safe. A failover shows as READONLY: reconnect and send again.
 */
export function connect(options: ConnectOptions): Redis {
  const report = reporter(options);
  const settings: Omit<RedisOptions, "replyMapping"> = {
    connectionName: options.name,
    maxRetriesPerRequest: retriesOf(options),
    enableAutoPipelining: options.autoPipelining ?? false,
    autoResendUnfulfilledCommands: options.blocksForMs === undefined,
    autoResubscribe: false,
    connectTimeout: 3_000,
    disconnectTimeout: 300,
    keepAlive: 30_000,
    noDelay: true,
    retryStrategy: (tries) => Math.min(50 * 2 ** Math.min(tries, 5), RECONNECT_CAP_MS) * (0.75 + Math.random() / 2),
    reconnectOnError: (error) => {
      if (!error.message.startsWith("READONLY")) return false;
      report(error);
      return 2;
    },
    ...(options.commandTimeoutMs === undefined ? {} : { commandTimeout: options.commandTimeoutMs }),
    socketTimeout: options.blocksForMs ?? SILENCE_MS,
  };
  const redis = new Redis(options.url, settings);
  redis.on("error", report);
  return redis;
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
 * At 0 it is refused at once, and the reader reads again from where it stands. With a deadline, what nobody waits for any
 * more is dropped soon, so that an absent Redis collects no commands. All others wait.
 */
function retriesOf({ blocksForMs, commandTimeoutMs }: ConnectOptions): number | null {
  if (blocksForMs !== undefined) return 0;
  return commandTimeoutMs === undefined ? null : 3;
}

/** Ends a connection without waiting for an absent Redis. */
export async function disconnect(redis: Redis): Promise<void> {
  if (redis.status === "ready") await redis.quit().catch(() => undefined);
  redis.disconnect();
}
