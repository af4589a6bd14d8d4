import type { Redis } from "ioredis";

const ASK_EVERY_MS = 5_000;

/**
 * A subscription that died in silence is told from a quiet one by asking: where no answer comes, the client ends the connection
 * (connect.ts), and whoever subscribed there does it anew. Call the answer to stop.
 */
export function askInSilence(connections: () => Iterable<Redis>): () => void {
  const timer = setInterval(() => {
    for (const redis of connections()) if (redis.status === "ready") redis.ping().catch(() => undefined);
  }, ASK_EVERY_MS).unref();
  return () => clearInterval(timer);
}
