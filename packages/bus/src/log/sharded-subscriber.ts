import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import { addressOf, type ClusterMap } from "../connection/cluster-map.ts";
import type { HostPort } from "../connection/redis-address.ts";
import type { LogFollower } from "../ports/event-log.ts";
import { askInSilence } from "./ask-in-silence.ts";
import { Followers } from "./followers.ts";
import type { Subscriber } from "./subscriber.ts";

interface Line {
  readonly redis: Redis;
  readonly channels: Set<string>;
}

const RETRY_MS = 100;

/**
 * In a Cluster a channel belongs to a slot as a key does: one connection to each primary carries the channels of its slots.
 * A channel whose slot moves is subscribed at the new owner, and its followers read what they missed; so are all channels of
 * a connection that broke. The server itself tells of a slot that it gives away.
 */
export class ShardedSubscriber implements Subscriber {
  readonly #map: ClusterMap;
  readonly #connect: (node: HostPort) => Redis;
  readonly #followers = new Followers();
  readonly #lines = new Map<string, Line>();
  /** Where each channel is subscribed now. */
  readonly #placed = new Map<string, string>();
  readonly #placing = new Map<string, Promise<void>>();
  readonly #stopAsking = askInSilence(() => [...this.#lines.values()].map(({ redis }) => redis));
  #isClosed = false;

  constructor(map: ClusterMap, connect: (node: HostPort) => Redis) {
    this.#map = map;
    this.#connect = connect;
    map.onRefresh(() => this.#rebalance());
  }

  async follow(channel: string, follower: LogFollower): Promise<() => void> {
    this.#followers.add(channel, follower);
    await this.#place(channel);
    return () => {
      if (this.#followers.remove(channel, follower)) this.#withdraw(channel);
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopAsking();
    for (const { redis } of this.#lines.values()) redis.disconnect();
  }

  /** Resolves when the channel is subscribed at its owner, whoever that comes to be. */
  #place(channel: string): Promise<void> {
    let placing = this.#placing.get(channel);
    if (!placing) {
      placing = this.#placeNow(channel);
      this.#placing.set(channel, placing);
    }
    return placing;
  }

  async #placeNow(channel: string): Promise<void> {
    // Not at once: that it is under way is noted first.
    await Promise.resolve();
    try {
      while (!this.#isClosed && this.#followers.has(channel)) {
        const owner = this.#map.ownerOf(channel);
        if (owner !== undefined && this.#placed.get(channel) === owner) return;
        if (owner !== undefined && (await this.#subscribe(channel, owner))) continue;
        this.#map.refresh();
        await delay(RETRY_MS);
      }
    } finally {
      // In one go with the last look: who comes to follow after that look has it placed anew.
      this.#placing.delete(channel);
    }
  }

  async #subscribe(channel: string, owner: string): Promise<boolean> {
    const line = this.#lineTo(owner);
    try {
      await line.redis.ssubscribe(channel);
    } catch {
      return false;
    }
    // What broke and came back meanwhile forgot it again.
    if (this.#lines.get(owner) !== line) return false;
    this.#withdraw(channel);
    line.channels.add(channel);
    this.#placed.set(channel, owner);
    // The last one left while it was under way.
    if (!this.#followers.has(channel)) this.#withdraw(channel);
    return true;
  }

  #withdraw(channel: string): void {
    const owner = this.#placed.get(channel);
    const line = owner === undefined ? undefined : this.#lines.get(owner);
    this.#placed.delete(channel);
    if (!line?.channels.delete(channel)) return;
    if (line.redis.status === "ready") line.redis.sunsubscribe(channel).catch(() => undefined);
  }

  #lineTo(owner: string): Line {
    const known = this.#lines.get(owner);
    if (known) return known;
    const line: Line = { redis: this.#connect(addressOf(owner)), channels: new Set() };
    line.redis.on("smessage", (channel: string, message: string) => this.#followers.deliver(channel, message));
    line.redis.on("close", () => this.#drop(owner, line));
    // A slot was given away: the server has unsubscribed its channels, and does not say which stay.
    line.redis.on("moved", () => this.#drop(owner, line));
    this.#lines.set(owner, line);
    return line;
  }

  /** A broken connection is given up: its channels are placed anew, wherever they belong by then. */
  #drop(owner: string, line: Line): void {
    if (this.#lines.get(owner) !== line) return;
    this.#lines.delete(owner);
    line.redis.disconnect();
    for (const channel of line.channels) this.#placed.delete(channel);
    this.#again([...line.channels]);
    this.#map.refresh();
  }

  #rebalance(): void {
    const moved = [...this.#placed].filter(([channel, owner]) => this.#map.ownerOf(channel) !== owner);
    this.#again(moved.map(([channel]) => channel));
  }

  #again(channels: readonly string[]): void {
    for (const channel of channels)
      this.#place(channel).then(
        () => this.#followers.resubscribed(channel),
        () => undefined,
      );
  }
}
