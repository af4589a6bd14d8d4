import { formatEntryId, positionOfEventUuid, streamTopic } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { messagesKey, metaKey } from "../keys.ts";
import type { LogLine } from "../ports/entry.ts";
import { BusUnavailable } from "../ports/errors.ts";
import type { EventLog, LogFollower, LogHead } from "../ports/event-log.ts";
import { entryNow } from "./entry-now.ts";
import type { Subscriber } from "./subscriber.ts";

export class RedisEventLog implements EventLog {
  readonly #commands: Commands;
  readonly #subscriber: Subscriber;
  readonly #subscribeTimeoutMs: number | undefined;

  constructor(commands: Commands, subscriber: Subscriber, subscribeTimeoutMs?: number) {
    this.#commands = commands;
    this.#subscriber = subscriber;
    this.#subscribeTimeoutMs = subscribeTimeoutMs;
  }

  async head(conversationId: string): Promise<LogHead | undefined> {
    const [epoch, seq] = await this.#commands.send((redis) => redis.hmget(metaKey(conversationId), "epoch", "seq"));
    return epoch ? { epoch: Number(epoch), seq: Number(seq ?? 0) } : undefined;
  }

  async read(conversationId: string, after: string | undefined, limit: number): Promise<LogLine[]> {
    const from = after === undefined ? "-" : `(${after}`;
    const entries = await this.#commands.prompt.send((redis) =>
      redis.xrange(streamTopic(conversationId), from, "+", "COUNT", limit),
    );
    return entries.map(([id, fields]) => ({ id, payload: fieldOf(fields, "payload") }));
  }

  async locate(conversationId: string, uuid: string): Promise<string | undefined> {
    const position = positionOfEventUuid(uuid);
    if (position) return formatEntryId(position);
    const message = await this.#commands.send((redis) => redis.hget(messagesKey(conversationId), uuid));
    return message
      ? entryNow(this.#commands, conversationId, (JSON.parse(message) as { entry: string }).entry)
      : undefined;
  }

  async renew(conversationId: string, known: LogHead): Promise<void> {
    const keys = [metaKey(conversationId), streamTopic(conversationId)];
    await this.#commands.script("raise-epoch-2", keys, [known.epoch, known.seq]);
  }

  async follow(conversationId: string, follower: LogFollower): Promise<() => void> {
    const following = this.#subscriber.follow(streamTopic(conversationId), follower);
    if (this.#subscribeTimeoutMs === undefined) return following;
    return within(this.#subscribeTimeoutMs, following);
  }
}

/** The answer in time, or BusUnavailable; a subscription that is acknowledged too late is given up again. */
async function within(timeoutMs: number, following: Promise<() => void>): Promise<() => void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new BusUnavailable("Redis did not acknowledge a subscription in time")), timeoutMs);
  });
  try {
    return await Promise.race([following, late]);
  } catch (error) {
    following.then((stop) => stop()).catch(() => undefined);
    throw error instanceof BusUnavailable
      ? error
      : new BusUnavailable("Redis refused a subscription", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** A field of a stream entry, '' when missing. */
export function fieldOf(fields: readonly string[], name: string): string {
  for (let at = 0; at + 1 < fields.length; at += 2) if (fields[at] === name) return fields[at + 1] ?? "";
  return "";
}
