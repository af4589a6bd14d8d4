import type { Redis } from "ioredis";
import { BusUnavailable } from "../ports/errors.ts";
import { type ScriptName, scripts } from "../scripts/load.ts";

/** Replies that mean "not now", from a Redis that is full, loading, read-only or in the middle of a failover. */
const NOT_NOW = /^(OOM|READONLY|LOADING|MISCONF|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|BUSY)\b/;
const AWAY =
  /Command timed out|Connection is closed|Command aborted due to connection close|Socket timeout|ECONNREFUSED|ECONNRESET|EPIPE|Stream isn't writeable|max retries per request/;

function translate(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  if (NOT_NOW.test(message) || AWAY.test(message))
    return new BusUnavailable(`Redis cannot answer now: ${message}`, { cause: error });
  return error;
}

export type Reply = string | number | null | Reply[];

/**
 * Every command of ours goes through here: one place that turns a Redis in trouble into BusUnavailable. Commands issued in
 * the same event-loop tick leave in one write.
 */
export class Commands {
  readonly redis: Redis;

  constructor(redis: Redis) {
    this.redis = redis;
  }

  async send<Answer>(command: (redis: Redis) => Promise<Answer>): Promise<Answer> {
    try {
      return await command(this.redis);
    } catch (error) {
      throw translate(error);
    }
  }

  async script(name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<Reply[]> {
    const script = scripts.get(name);
    if (!script || script.numberOfKeys !== keys.length)
      throw new TypeError(`script ${name} was called with ${keys.length} keys`);
    const rest = [script.numberOfKeys, ...keys, ...args] as const;
    return this.send(async (redis) => {
      try {
        return asList(await redis.evalsha(script.sha1, ...rest));
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
        return asList(await redis.eval(script.source, ...rest));
      }
    });
  }
}

const asList = (reply: unknown): Reply[] => (Array.isArray(reply) ? (reply as Reply[]) : [reply as Reply]);

/** A reply that is text: what scripts answer in. */
export const text = (reply: Reply | undefined): string => (reply === null || reply === undefined ? "" : String(reply));

/** HGETALL as scripts answer it. */
export function record(reply: Reply | undefined): Map<string, string> {
  const flat = Array.isArray(reply) ? reply : [];
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(text(flat[at]), text(flat[at + 1]));
  return fields;
}
