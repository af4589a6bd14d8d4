import { formatEntryId, positionOfEventUuid, streamTopic } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { Deadlines } from "../connection/deadlines.ts";
import { messagesKey, metaKey } from "../keys.ts";
import type { LogLine } from "../ports/entry.ts";
import { BusUnavailable } from "../ports/errors.ts";
import type { EventLog, LogFollower, LogHead } from "../ports/event-log.ts";
import { entryNow } from "./entry-now.ts";
import type { Subscriber } from "./subscriber.ts";

export class RedisEventLog implements EventLog {
  readonly #commands: Commands;
  readonly #subscriber: Subscriber;
  readonly #deadlines: Deadlines | undefined;

  constructor(commands: Commands, subscriber: Subscriber, subscribeTimeoutMs?: number) {
    this.#commands = commands;
    this.#subscriber = subscriber;
    this.#deadlines = subscribeTimeoutMs === undefined ? undefined : new Deadlines(subscribeTimeoutMs);
  }

  async head(conversationId: string): Promise<LogHead | undefined> {
    const [epoch, seq] = await this.#commands.send((redis) => redis.hmget(metaKey(conversationId), "epoch", "seq"));
    return epoch ? { epoch: Number(epoch), seq: Number(seq ?? 0) } : undefined;
  }

  async read(conversationId: string, after: string | undefined, limit: number): Promise<LogLine[]> {
    const from = after === undefined ? "-" : `(${after}`;
    const entries = await this.#commands.send((redis) =>
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
    if (!this.#deadlines) return following;
    try {
      return await this.#deadlines.within(following, tooLate);
    } catch (error) {
      // Acknowledged too late, it is given up again.
      following.then((stop) => stop()).catch(() => undefined);
      throw error instanceof BusUnavailable
        ? error
        : new BusUnavailable("Redis refused a subscription", { cause: error });
    }
  }
}

const tooLate = (): Error => new BusUnavailable("Redis did not acknowledge a subscription in time");

/** A field of a stream entry, '' when missing. */
export function fieldOf(fields: readonly string[], name: string): string {
  for (let at = 0; at + 1 < fields.length; at += 2) if (fields[at] === name) return fields[at + 1] ?? "";
  return "";
}
