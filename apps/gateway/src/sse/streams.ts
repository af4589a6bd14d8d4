import type { Bus } from "@holdfast/bus";
import type { Logger } from "@holdfast/telemetry";
import { ConnectionPool } from "./connection-pool.ts";
import { ConversationSource } from "./conversation-source.ts";
import type { StreamDeps } from "./open-stream.ts";
import { StreamHub } from "./stream-hub.ts";
import { Turnstile } from "./turnstile.ts";

export interface StreamOptions {
  readonly heartbeatMs: number;
  readonly bufferBytes: number;
  /** How often conversations that are followed are checked for lost events. */
  readonly sweepMs?: number;
}

export interface Streams {
  readonly deps: StreamDeps;
  /** Open connections. */
  readonly size: number;
  /** Lets every reader go, spread over at most `withinMs`. */
  close(withinMs: number): Promise<void>;
}

const SWEEP_MS = 5_000;
const READS_AT_ONCE = 16;
const COMPLAIN_EVERY_MS = 5_000;

/** All streams of this process. */
export function createStreams({ conversations, eventLog }: Bus, logger: Logger, options: StreamOptions): Streams {
  const source = new ConversationSource({
    log: eventLog,
    isGone: async (conversationId) => (await conversations.find(conversationId)).outcome !== "found",
    turnstile: new Turnstile(READS_AT_ONCE),
    onTrouble: complainSeldom(logger),
  });
  const hub = new StreamHub(source, options.sweepMs ?? SWEEP_MS);
  const pool = new ConnectionPool(options.heartbeatMs);
  return {
    deps: { conversations, source, hub, pool, bufferBytes: options.bufferBytes, logger },
    get size() {
      return pool.size;
    },
    async close(withinMs) {
      await pool.close(withinMs);
      hub.close();
    },
  };
}

/** While Redis is away every stream has the same trouble. */
function complainSeldom(logger: Logger): (message: string, error: unknown) => void {
  let quietUntil = 0;
  return (message, error) => {
    if (performance.now() < quietUntil) return;
    quietUntil = performance.now() + COMPLAIN_EVERY_MS;
    logger.warn(message, { error });
  };
}
