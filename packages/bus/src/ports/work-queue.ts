import type { Entry, QueueSource, TraceContext } from "./entry.ts";

/** A consumer group over work topics: at-least-once, acknowledged after the effect. */
export interface WorkQueue {
  /** The name under which entries are pending to it. */
  readonly consumer: string;
  /**
   * New entries, at most about `count`; waits up to `blockMs`, then answers none. Creates stream and group at 0 where
   * they are missing. Those of the topics of `without` are left for others this time. Throws BusUnavailable while Redis is away.
   */
  read(count: number, blockMs: number, without?: readonly string[]): Promise<Entry[]>;
  /** Entries whose consumer is dead (its liveness key is gone), now ours; at most `count`. */
  reclaim(count: number): Promise<Entry[]>;
  /** XACK and XDEL: only once the effect is durable. */
  ack(entry: Entry): Promise<void>;
  /** Keeps an entry that is still in work from looking abandoned. */
  keep(entry: Entry): Promise<void>;
  /** Gives an entry back so that another consumer takes it at once. */
  handOver(entry: Entry): Promise<void>;
  /** Leaves an entry to another consumer, which turned out to live and to work on it. */
  giveTo(entry: Entry, owner: string): Promise<void>;
  /** After `giveTo`: ours again, unless the other one has acknowledged it. */
  takeBack(entry: Entry, owner: string): Promise<void>;
  /**
   * Puts an entry aside whose run may not be taken now: it stays pending to nobody, in nobody's way, and is reclaimed when its
   * topic is read again as a whole, or its run may be taken after all.
   */
  hold(entry: Entry, hasBegun: boolean): Promise<void>;
  /** Puts an entry into its topic again as a new one, under the same id, and acknowledges it. */
  requeue(entry: Entry): Promise<void>;
  /** Writes a dead letter for an entry that stays ours. */
  bury(entry: Entry, error: { code: string; message: string }): Promise<void>;
  /** Moves an entry to `dlq:<topic>` with the reason, then acknowledges it. */
  deadLetter(entry: Entry, error: { code: string; message: string }): Promise<void>;
  /** Writes a dead letter for a message whose own entry was acknowledged before its work was given up. */
  deadLetterMessage(
    topic: string,
    message: {
      readonly id: string;
      readonly payload: string;
      /** Where no entry of it is known. */
      readonly firstSeenMs: number;
      /** Left out where no worker has read an entry of it yet: it is looked for in the topic. */
      readonly source?: QueueSource;
    },
    error: { code: string; message: string },
  ): Promise<void>;
  /** Changes which topics are read. */
  setTopics(topics: readonly string[], limited?: LimitedTopics): void;
  close(): Promise<void>;
}

export interface LimitedTopics {
  /**
   * Read as well, because what is new may go on with a run that has begun; whoever reads holds the rest. Only what belongs to
   * a run that has begun is taken over.
   */
  readonly begun?: readonly string[];
  /** Not read; only what belongs to a run that has begun and has been cancelled is taken over. */
  readonly cancelled?: readonly string[];
}

export interface QueueStats {
  readonly length: number;
  /** Unread plus in work. */
  readonly lag: number;
  readonly pending: number;
}

export interface Queues {
  open(options: { topics: readonly string[]; group: string }): WorkQueue;
  stats(topic: string, group: string): Promise<QueueStats>;
  publish(topic: string, id: string, payload: string, trace: TraceContext): Promise<void>;
  dlqSize(topic: string): Promise<number>;
}
