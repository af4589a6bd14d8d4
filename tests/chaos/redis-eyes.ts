import { Redis } from "ioredis";
import { streamTopic } from "@holdfast/protocol";

/** What the kill schedule sees of Redis and does to it. It only looks and cuts; it never writes what the services read. */
export class RedisEyes {
  readonly #redis: Redis;

  constructor(url: string) {
    this.#redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    this.#redis.on("error", () => undefined);
  }

  /** The instance that owns the conversation's run; undefined where nobody does. */
  async ownerOf(conversationId: string): Promise<string | undefined> {
    return (await this.#redis.hget(`{${streamTopic(conversationId)}}:meta`, "owner")) ?? undefined;
  }

  /** Consumers that have entries of a work queue in hand, each with the ids of these entries. */
  async consumersOf(topic: string, group: string): Promise<Map<string, string[]>> {
    const rows = (await this.#redis.xpending(topic, group, "-", "+", 1_000).catch(() => [])) as [string, string][];
    const consumers = new Map<string, string[]>();
    for (const [entryId, consumer] of rows) consumers.set(consumer, [...(consumers.get(consumer) ?? []), entryId]);
    return consumers;
  }

  length(topic: string): Promise<number> {
    return this.#redis.xlen(topic);
  }

  /** Puts a message in a work queue by hand, as any outside producer may (protocol §2.2). */
  async addMessage(topic: string, id: string, payload: string): Promise<void> {
    await this.#redis.xadd(topic, "*", "id", id, "payload", payload);
  }

  /** Every entry of a stream as `[entry id, payload]`. */
  async entries(topic: string): Promise<[string, string][]> {
    const rows = await this.#redis.xrange(topic, "-", "+");
    return rows.map(([id, fields]) => [id, fields[fields.indexOf("payload") + 1] ?? ""]);
  }

  /** What still stands in the queues, dead letters and outboxes: nothing, once every run has ended. */
  async leftovers(): Promise<string[]> {
    const left: string[] = [];
    for (const pattern of ["chat:assistant", "chat:careful", "tools:*", "dlq:*", "outbox:*"]) {
      for (const key of await this.#redis.keys(pattern)) {
        const count = key.startsWith("outbox:") ? await this.#redis.zcard(key) : await this.#redis.xlen(key);
        if (count > 0) left.push(`${key} holds ${count}`);
      }
    }
    return left;
  }

  async dropPubSub(): Promise<number> {
    return Number(await this.#redis.call("CLIENT", "KILL", "TYPE", "pubsub"));
  }

  close(): void {
    this.#redis.disconnect();
  }
}
