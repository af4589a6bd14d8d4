import { setTimeout as delay } from "node:timers/promises";
import type { BlockingReads } from "../connection/blocking-reads.ts";
import { type Commands, translate } from "../connection/commands.ts";
import type { Presence } from "../ports/control.ts";
import type { Entry } from "../ports/entry.ts";
import type { LimitedTopics, WorkQueue } from "../ports/work-queue.ts";
import { type BuriedMessage, buryEntry, buryMessage, type DeadLetterError } from "./bury.ts";
import { insist } from "../runs/insist.ts";
import { entryFrom } from "./entry-from.ts";
import { publishEntry } from "./publish-entry.ts";
import { forgetConsumer, forgetTheDead, HELD, reclaimAbandoned, unseenOf } from "./reclaim.ts";

export interface WorkQueueOptions {
  readonly topics: readonly string[];
  readonly group: string;
  readonly consumer: string;
  readonly commands: Commands;
  /** Connections of its own: a blocking read holds up every other command. */
  readonly reads: BlockingReads;
  readonly presence: Presence;
}

/** Between two looks for names that nobody has any more. */
const NAMES_EVERY_MS = 600_000;
/** A stop does not wait longer for a Redis that is away. */
const FORGET_MS = 1_000;

export class RedisWorkQueue implements WorkQueue {
  readonly #options: WorkQueueOptions;
  #topics: readonly string[];
  #limited: LimitedTopics = {};
  /** Entries given out and neither acknowledged nor handed over, as `<topic> <entry id>`. */
  readonly #inHand = new Set<string>();
  /** A command whose reply was lost may have made entries pending here that we never saw. */
  #mayHaveLost = false;
  /** Of those that were asked in turn. */
  #lastAsked = "";
  /** Where our name may stand. */
  readonly #everRead = new Set<string>();
  #lookForNamesAtMs = 0;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#topics = options.topics;
  }

  get consumer(): string {
    return this.#options.consumer;
  }

  setTopics(topics: readonly string[], limited: LimitedTopics = {}): void {
    this.#topics = topics;
    this.#limited = limited;
  }

  async read(count: number, blockMs: number, without: readonly string[] = []): Promise<Entry[]> {
    const { begun = [], cancelled = [] } = this.#limited;
    const all = [...this.#topics, ...begun];
    const topics = all.filter((topic) => !without.includes(topic));
    if (count < 1) return [];
    for (const topic of topics) this.#everRead.add(topic);
    try {
      if (this.#mayHaveLost) {
        const unseen = await this.#readPending([...all, ...cancelled]);
        if (unseen.length > 0) return unseen;
      }
      if (topics.length === 0) {
        // Whoever reads in a loop relies on the wait: without it nothing else in the process would ever run.
        await delay(blockMs);
        return [];
      }
      const found = await this.#readSome(topics, count);
      if (found.length > 0) return found;
      // COUNT is per topic: share the slots out, so that hardly anything waits in a consumer that may die.
      return await this.#readNew(topics, Math.max(1, Math.ceil(count / topics.length)), blockMs);
    } catch (error) {
      if (!isMissingGroup(error)) {
        this.#mayHaveLost = true;
        throw translate(error);
      }
      await this.#createGroups(topics);
      return [];
    }
  }

  /**
   * At most `count` entries where there are more topics than that, which are asked in turn: what is over would wait here while
   * another consumer is free. Does not wait. Finds none only after all were asked, so a read of all that waits then is
   * woken by one entry.
   */
  async #readSome(topics: readonly string[], count: number): Promise<Entry[]> {
    // In a Cluster each slot has a read of its own that goes on beside us, whatever we ask for.
    if (count >= topics.length || !this.#options.commands.isOneServer) return [];
    const { begun = [] } = this.#limited;
    const all = [...this.#topics, ...begun];
    const next = all.indexOf(this.#lastAsked) + 1;
    const inTurn = [...all.slice(next), ...all.slice(0, next)].filter((topic) => topics.includes(topic));
    for (let at = 0; at < inTurn.length; at += count) {
      const some = inTurn.slice(at, at + count);
      this.#lastAsked = some.at(-1) ?? "";
      const found = await this.#readNew(some, 1);
      if (found.length > 0) return found;
    }
    return [];
  }

  /** Without `blockMs` it does not wait. */
  async #readNew(topics: readonly string[], each: number, blockMs?: number): Promise<Entry[]> {
    const { group, consumer, reads } = this.#options;
    const replies = await reads.any(topics, (redis, some) => {
      const from = [...some, ...some.map(() => ">")];
      return blockMs === undefined
        ? redis.xreadgroup("GROUP", group, consumer, "COUNT", each, "STREAMS", ...from)
        : redis.xreadgroup("GROUP", group, consumer, "COUNT", each, "BLOCK", blockMs, "STREAMS", ...from);
    });
    return this.#take(replies.flatMap(entriesOf));
  }

  /** Our own pending entries that were never given out. */
  async #readPending(topics: readonly string[]): Promise<Entry[]> {
    // Before it looks: what is lost meanwhile it may not see.
    this.#mayHaveLost = false;
    try {
      const { commands, group, consumer } = this.#options;
      const isInHand = (topic: string) => (entryId: string) => this.#inHand.has(`${topic} ${entryId}`);
      const unseen = await Promise.all(
        topics.map((topic) => unseenOf(commands, { topic, group, consumer }, isInHand(topic)).catch(noneWithoutGroup)),
      );
      return this.#take(unseen.flat());
    } catch (error) {
      this.#mayHaveLost = true;
      throw error;
    }
  }

  /** Each once: what one way of reading has just made pending here, another may see. */
  #take(entries: readonly Entry[]): Entry[] {
    const taken = entries.filter((entry) => !this.#inHand.has(handle(entry)));
    for (const entry of taken) this.#inHand.add(handle(entry));
    return taken;
  }

  async reclaim(count: number): Promise<Entry[]> {
    const { commands, group, consumer, presence } = this.#options;
    const entries: Entry[] = [];
    const { begun = [], cancelled = [] } = this.#limited;
    const scopes = [
      ...this.#topics.map((topic) => ({ topic, take: "any" as const })),
      ...begun.map((topic) => ({ topic, take: "begun" as const })),
      ...cancelled.map((topic) => ({ topic, take: "cancelled" as const })),
    ];
    await this.#forgetTheDead(scopes.map(({ topic }) => topic));
    for (const scope of scopes) {
      if (entries.length >= count) break;
      this.#everRead.add(scope.topic);
      try {
        const free = count - entries.length;
        const reclaimed = await reclaimAbandoned(commands, presence, { ...scope, group, consumer, count: free });
        entries.push(...reclaimed.entries);
        if (reclaimed.mayHaveMore) this.#mayHaveLost = true;
      } catch (error) {
        if (isMissingGroup(error)) continue;
        // Entries may be ours now without our having seen them.
        this.#mayHaveLost = true;
        throw error;
      }
    }
    return this.#take(entries);
  }

  async ack(entry: Entry): Promise<void> {
    await this.#settle(entry, "ack");
    this.#inHand.delete(handle(entry));
  }

  async keep(entry: Entry): Promise<void> {
    await this.#settle(entry, "keep");
  }

  async handOver(entry: Entry): Promise<void> {
    await this.#settle(entry, "hand_over");
    this.#inHand.delete(handle(entry));
  }

  async hold(entry: Entry, hasBegun: boolean): Promise<void> {
    await this.#settle(entry, "hand_over", hasBegun ? HELD.begun : HELD.queued);
    this.#inHand.delete(handle(entry));
  }

  async giveTo(entry: Entry, owner: string): Promise<void> {
    await this.#settle(entry, "give", owner);
    this.#inHand.delete(handle(entry));
  }

  async takeBack(entry: Entry, owner: string): Promise<void> {
    this.#inHand.add(handle(entry));
    await this.#settle(entry, "give", this.#options.consumer, owner);
  }

  async requeue(entry: Entry): Promise<void> {
    await publishEntry(this.#options.commands, entry.topic, entry);
    await this.ack(entry);
  }

  async #settle(
    entry: Entry,
    how: "ack" | "keep" | "hand_over" | "give",
    to = this.#options.consumer,
    from = this.#options.consumer,
  ): Promise<void> {
    const { commands, group } = this.#options;
    await commands.script("settle-entry-1", [entry.topic], [group, from, entry.entryId, how, to]);
  }

  async deadLetter(entry: Entry, error: DeadLetterError): Promise<void> {
    await this.bury(entry, error);
    await this.ack(entry);
  }

  async bury(entry: Entry, error: DeadLetterError): Promise<void> {
    const { commands, group } = this.#options;
    await insist(() => buryEntry(commands, group, entry, error), NEVER);
  }

  async deadLetterMessage(topic: string, message: BuriedMessage, error: DeadLetterError): Promise<void> {
    await insist(() => buryMessage(this.#options.commands, topic, message, error), NEVER);
  }

  /** Our name is of no use any more, unless an entry is pending to it: then it goes with the one who reclaims that. */
  async close(): Promise<void> {
    const { commands, group, consumer, reads } = this.#options;
    reads.close();
    const forgotten = [...this.#everRead].map(async (topic) => {
      const primary = commands.primaries.of(topic);
      // Throws where Redis is away, rather than that a command is left behind which waits for it.
      if (!primary?.facts) await primary?.learn();
      await forgetConsumer(commands, { topic, group }, consumer);
    });
    await Promise.race([Promise.allSettled(forgotten), delay(FORGET_MS, undefined, { ref: false })]);
  }

  /** Only tidies: where it fails, a later pass makes up for it. */
  async #forgetTheDead(topics: readonly string[]): Promise<void> {
    if (performance.now() < this.#lookForNamesAtMs) return;
    this.#lookForNamesAtMs = performance.now() + NAMES_EVERY_MS;
    const { commands, group, consumer, presence } = this.#options;
    for (const topic of topics)
      await forgetTheDead(commands, presence, { topic, group, consumer }).catch(() => undefined);
  }

  async #createGroups(topics: readonly string[]): Promise<void> {
    const { commands, group } = this.#options;
    for (const topic of topics) {
      try {
        await commands.send((redis) => redis.xgroup("CREATE", topic, group, "0", "MKSTREAM"));
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith("BUSYGROUP"))) throw error;
      }
    }
  }
}

/** A dead letter is all that is left of a message: it is written, however long Redis is away. */
const NEVER = (): undefined => undefined;

/** Nothing is pending to anybody in a topic that nobody has read. */
function noneWithoutGroup(error: unknown): Entry[] {
  if (isMissingGroup(error)) return [];
  throw error;
}

const handle = (entry: Entry): string => `${entry.topic} ${entry.entryId}`;

function isMissingGroup(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOGROUP");
}

/** Reply of XREADGROUP: a list of topics, each with its entries. */
function entriesOf(reply: unknown): Entry[] {
  const topics = (reply ?? []) as [string, [string, string[] | null][]][];
  return topics.flatMap(([topic, entries]) =>
    // An entry that was deleted while pending has no fields: nothing is left to do for it.
    entries.flatMap(([entryId, fields]) => (fields ? [entryFrom(topic, entryId, fields)] : [])),
  );
}
