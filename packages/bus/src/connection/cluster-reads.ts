import { setTimeout as delay } from "node:timers/promises";
import type { Redis, RedisCommander } from "ioredis";
import { addressOf, type ClusterMap } from "./cluster-map.ts";
import type { BlockingReads, ReadReply, TopicTail } from "./blocking-reads.ts";
import { keySlot } from "./key-slot.ts";
import type { HostPort } from "./redis-address.ts";

interface Part {
  readonly answer: Promise<unknown>;
  outcome: { readonly value: unknown } | { readonly error: unknown } | undefined;
}

interface Line {
  readonly owner: string;
  readonly redis: Redis;
}

/** Blocking reads in a Cluster: a connection for each slot, to the server that owns it now. */
export class ClusterReads implements BlockingReads {
  readonly #map: ClusterMap;
  readonly #connect: (node: HostPort) => Redis;
  readonly #lines = new Map<number, Line>();
  readonly #parts = new Map<number, Part>();

  constructor(map: ClusterMap, connect: (node: HostPort) => Redis) {
    this.#map = map;
    this.#connect = connect;
  }

  async any(
    topics: readonly string[],
    read: (redis: Redis, topics: readonly string[]) => Promise<unknown>,
  ): Promise<unknown[]> {
    const bySlot = Map.groupBy(topics, keySlot);
    for (const [slot, together] of bySlot) if (!this.#parts.has(slot)) this.#begin(slot, together, read);
    await Promise.race([...this.#parts.values()].map((part) => part.answer));
    const done = [...this.#parts].filter(([, { outcome }]) => outcome !== undefined);
    // A failure is told alone: what other parts have read is kept for the next call.
    const failed = done.find(([, { outcome }]) => outcome && "error" in outcome);
    for (const [slot] of failed ? [failed] : done) this.#parts.delete(slot);
    if (failed?.[1].outcome && "error" in failed[1].outcome) throw failed[1].outcome.error;
    return done.flatMap(([, { outcome }]) => (outcome && "value" in outcome ? [outcome.value] : []));
  }

  close(): void {
    for (const { redis } of this.#lines.values()) redis.disconnect();
    this.#lines.clear();
  }

  #begin(slot: number, topics: readonly string[], read: (redis: Redis, topics: readonly string[]) => Promise<unknown>) {
    const part: Part = {
      outcome: undefined,
      answer: this.#read(slot, topics, read).then(
        (value) => void (part.outcome = { value }),
        (error: unknown) => void (part.outcome = { error }),
      ),
    };
    this.#parts.set(slot, part);
  }

  async #read(
    slot: number,
    topics: readonly string[],
    read: (redis: Redis, topics: readonly string[]) => Promise<unknown>,
  ): Promise<unknown> {
    const owner = await this.#map.findOwner(topics[0] ?? "");
    let line = this.#lines.get(slot);
    if (line?.owner !== owner) {
      line?.redis.disconnect();
      line = { owner, redis: this.#connect(addressOf(owner)) };
      this.#lines.set(slot, line);
    }
    try {
      return await read(line.redis, topics);
    } catch (error) {
      this.#map.refresh();
      throw error;
    }
  }
}

const POLL_MS = 50;
const PATIENCE_MS = 1_000;

/**
 * Tails in a Cluster: conversations with an open call stand in as many slots, and a blocking read sees one. So all are asked
 * again and again, over the connections that carry commands.
 */
export class PollingTail implements TopicTail {
  readonly #redis: RedisCommander;
  #isClosed = false;

  constructor(redis: RedisCommander) {
    this.#redis = redis;
  }

  async next(cursors: ReadonlyMap<string, string>): Promise<ReadReply> {
    const untilMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const asked = [...cursors].map(([topic, cursor]) => this.#redis.xread("COUNT", 500, "STREAMS", topic, cursor));
      const found = (await Promise.all(asked)).flatMap((reply) => (reply ?? []) as ReadReply);
      if (found.length > 0 || this.#isClosed || performance.now() >= untilMs) return found;
      await delay(POLL_MS);
    }
  }

  close(): void {
    this.#isClosed = true;
  }
}
