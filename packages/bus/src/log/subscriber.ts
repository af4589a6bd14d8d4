import type { Redis } from "ioredis";
import type { LogFollower } from "../ports/event-log.ts";
import { askInSilence } from "./ask-in-silence.ts";
import { Followers } from "./followers.ts";

/**
 * Live delivery for any number of conversations. The append script publishes the bytes it stored on a channel named like the
 * stream. Pub/sub forgets: after a break every follower is told to read what it missed.
 */
export interface Subscriber {
  /** Resolves when the subscription is acknowledged. Call the answer to stop. */
  follow(channel: string, follower: LogFollower): Promise<() => void>;
  close(): Promise<void>;
}

const CHUNK = 500;
/** What nobody follows any more is unsubscribed from together; until then its messages are dropped. */
const LEAVE_TOGETHER_MS = 100;

/** Over one connection, to a server or, through Sentinels, to whoever is the primary. */
export class OneConnectionSubscriber implements Subscriber {
  readonly #redis: Redis;
  readonly #followers = new Followers();
  readonly #stopAsking: () => void;
  /** Channels that were left since the last time. */
  readonly #left = new Set<string>();
  #wasReady = false;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#stopAsking = askInSilence(() => [redis]);
    redis.on("message", (channel: string, message: string) => this.#followers.deliver(channel, message));
    redis.on("ready", () => void this.#onReady());
  }

  async follow(channel: string, follower: LogFollower): Promise<() => void> {
    this.#followers.add(channel, follower);
    try {
      // Awaited for every follower, also a later one: its first subscription may still be on its way.
      await this.#redis.subscribe(channel);
    } catch (error) {
      this.#leave(channel, follower);
      throw error;
    }
    return () => this.#leave(channel, follower);
  }

  async close(): Promise<void> {
    this.#stopAsking();
    this.#redis.disconnect();
  }

  #leave(channel: string, follower: LogFollower): void {
    if (!this.#followers.remove(channel, follower)) return;
    if (this.#left.size === 0) setTimeout(this.#unsubscribe, LEAVE_TOGETHER_MS).unref();
    this.#left.add(channel);
  }

  readonly #unsubscribe = (): void => {
    const channels = [...this.#left].filter((channel) => !this.#followers.has(channel));
    this.#left.clear();
    if (channels.length === 0 || this.#redis.status !== "ready") return;
    for (let at = 0; at < channels.length; at += CHUNK)
      this.#redis.unsubscribe(...channels.slice(at, at + CHUNK)).catch(() => undefined);
  };

  async #onReady(): Promise<void> {
    if (!this.#wasReady) {
      this.#wasReady = true;
      return;
    }
    const { channels } = this.#followers;
    for (let at = 0; at < channels.length; at += CHUNK) {
      const chunk = channels.slice(at, at + CHUNK);
      try {
        await this.#redis.subscribe(...chunk);
      } catch {
        return; // The connection broke again: the next `ready` starts over.
      }
      for (const channel of chunk) this.#followers.resubscribed(channel);
    }
  }
}
