import { dlqTopic } from "@holdfast/protocol";
import type { BlockingReads } from "../connection/blocking-reads.ts";
import type { Commands } from "../connection/commands.ts";
import type { Presence } from "../ports/control.ts";
import type { TraceContext } from "../ports/entry.ts";
import type { Queues, QueueStats, WorkQueue } from "../ports/work-queue.ts";
import { publishEntry } from "./publish-entry.ts";
import { RedisWorkQueue } from "./redis-work-queue.ts";

export class RedisQueues implements Queues {
  readonly #commands: Commands;
  readonly #presence: Presence;
  readonly #instance: string;
  readonly #openReads: () => BlockingReads;

  constructor(commands: Commands, presence: Presence, instance: string, openReads: () => BlockingReads) {
    this.#commands = commands;
    this.#presence = presence;
    this.#instance = instance;
    this.#openReads = openReads;
  }

  open(options: { topics: readonly string[]; group: string }): WorkQueue {
    return new RedisWorkQueue({
      ...options,
      consumer: this.#instance,
      commands: this.#commands,
      presence: this.#presence,
      reads: this.#openReads(),
    });
  }

  async stats(topic: string, group: string): Promise<QueueStats> {
    const [length, pending] = await Promise.all([
      this.#commands.send((redis) => redis.xlen(topic)),
      this.#commands
        .send((redis) => redis.xpending(topic, group))
        .then(
          (summary) => Number(summary[0]),
          (error: unknown) => {
            if (error instanceof Error && error.message.startsWith("NOGROUP")) return 0;
            throw error;
          },
        ),
    ]);
    // Entries are deleted after their acknowledgement, so all that stands is unread or in work.
    return { length, lag: length, pending };
  }

  async publish(topic: string, id: string, payload: string, trace: TraceContext): Promise<void> {
    await publishEntry(this.#commands, topic, { id, payload, trace });
  }

  dlqSize(topic: string): Promise<number> {
    return this.#commands.send((redis) => redis.xlen(dlqTopic(topic)));
  }
}
