import type { Redis } from "ioredis";

/** The reply of one XREAD or XREADGROUP: topics with their new entries. */
export type ReadReply = [topic: string, entries: [id: string, fields: string[]][]][];

/**
 * Reads that wait. They have connections of their own: one that blocks holds up every other command. On one server a single
 * read names all topics; in a Cluster a read sees one slot, so topics are read apart.
 */
export interface BlockingReads {
  /**
   * Does `read` for all topics, in as many parts as it takes, and answers as soon as one part has answered. Parts that still
   * wait are answered by a later call: what they read is never lost. Throws what a part throws.
   */
  any(
    topics: readonly string[],
    read: (redis: Redis, topics: readonly string[]) => Promise<unknown>,
  ): Promise<unknown[]>;
  close(): void;
}

/** Follows topics without a group. */
export interface TopicTail {
  /** New entries after these cursors; waits up to about a second for one. */
  next(cursors: ReadonlyMap<string, string>): Promise<ReadReply>;
  close(): void;
}

const BLOCK_MS = 1_000;

/** All topics over one connection. */
export class OneConnectionReads implements BlockingReads, TopicTail {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async any(
    topics: readonly string[],
    read: (redis: Redis, topics: readonly string[]) => Promise<unknown>,
  ): Promise<unknown[]> {
    return [await read(this.#redis, topics)];
  }

  async next(cursors: ReadonlyMap<string, string>): Promise<ReadReply> {
    const topics = [...cursors.keys()];
    const reply = await this.#redis.xread("COUNT", 500, "BLOCK", BLOCK_MS, "STREAMS", ...topics, ...cursors.values());
    return reply ?? [];
  }

  close(): void {
    this.#redis.disconnect();
  }
}
