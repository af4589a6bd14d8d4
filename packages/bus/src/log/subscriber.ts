import type { Redis } from "ioredis";
import type { LogLine } from "../ports/entry.ts";
import type { LogFollower } from "../ports/event-log.ts";

const DELETED = "!deleted";
const RESUBSCRIBE_CHUNK = 500;
/** A subscription that died in silence is told from a quiet one by asking: no answer ends the connection (connect.ts). */
const PING_EVERY_MS = 5_000;

/**
 * Live delivery for any number of conversations over one connection. The append script publishes the bytes it stored on a
 * channel named like the stream. Pub/sub forgets: after a reconnect every follower is told to read what it missed.
 */
export class Subscriber {
  readonly #redis: Redis;
  readonly #followers = new Map<string, Set<LogFollower>>();
  readonly #pinging: NodeJS.Timeout;
  #wasReady = false;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#pinging = setInterval(() => {
      if (redis.status === "ready") redis.ping().catch(() => undefined);
    }, PING_EVERY_MS).unref();
    redis.on("message", (channel: string, message: string) => this.#deliver(channel, message));
    redis.on("ready", () => void this.#onReady());
  }

  async follow(channel: string, follower: LogFollower): Promise<() => void> {
    const followers = this.#followers.get(channel) ?? new Set();
    this.#followers.set(channel, followers);
    followers.add(follower);
    try {
      // Awaited for every follower, also a later one: its first subscription may still be on its way.
      await this.#redis.subscribe(channel);
    } catch (error) {
      this.#leave(channel, follower);
      throw error;
    }
    return () => this.#leave(channel, follower);
  }

  close(): void {
    clearInterval(this.#pinging);
  }

  #leave(channel: string, follower: LogFollower): void {
    const followers = this.#followers.get(channel);
    followers?.delete(follower);
    if (followers?.size !== 0) return;
    this.#followers.delete(channel);
    if (this.#redis.status === "ready") this.#redis.unsubscribe(channel).catch(() => undefined);
  }

  #deliver(channel: string, message: string): void {
    const followers = this.#followers.get(channel);
    if (!followers) return;
    if (message === DELETED) {
      for (const follower of followers) follower.onDeleted();
      return;
    }
    const lines = parseLines(message);
    for (const follower of followers) follower.onLines(lines);
  }

  async #onReady(): Promise<void> {
    if (!this.#wasReady) {
      this.#wasReady = true;
      return;
    }
    const channels = [...this.#followers.keys()];
    for (let at = 0; at < channels.length; at += RESUBSCRIBE_CHUNK) {
      const chunk = channels.slice(at, at + RESUBSCRIBE_CHUNK);
      try {
        await this.#redis.subscribe(...chunk);
      } catch {
        return; // The connection broke again: the next `ready` starts over.
      }
      for (const channel of chunk) for (const follower of this.#followers.get(channel) ?? []) follower.onResubscribed();
    }
  }
}

function parseLines(message: string): LogLine[] {
  return message.split("\n").map((line) => {
    const space = line.indexOf(" ");
    return { id: line.slice(0, space), payload: line.slice(space + 1) };
  });
}
