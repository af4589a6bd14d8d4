import { ConversationFeed } from "./conversation-feed.ts";
import type { ConversationSource } from "./conversation-source.ts";

/**
 * The feeds of this process: one per conversation that somebody reads, made for the first reader and closed after the
 * last. One end-of-tick flush for all of them, one sweep that looks for lost last messages.
 */
interface Entry {
  readonly feed: ConversationFeed;
  readonly opened: Promise<void>;
  readers: number;
}

/** Of conversations checked in one sweep; with more, each is checked every few sweeps. */
const MOST_CHECKED = 2_000;

export class StreamHub {
  readonly #source: ConversationSource;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Set<ConversationFeed>();
  readonly #sweep: NodeJS.Timeout;
  #isSweeping = false;

  constructor(source: ConversationSource, sweepMs: number) {
    this.#source = source;
    this.#sweep = setInterval(() => void this.sweep(), sweepMs).unref();
  }

  /** Somebody reads the conversation already, or is about to. */
  has(conversationId: string): boolean {
    return this.#entries.has(conversationId);
  }

  /** Whoever enters must leave, once, and joins the feed when it has begun. Throws BusUnavailable. */
  async enter(conversationId: string): Promise<ConversationFeed> {
    const entry = this.#entries.get(conversationId) ?? this.#open(conversationId);
    entry.readers += 1;
    try {
      await entry.opened;
    } catch (error) {
      this.leave(entry.feed);
      throw error;
    }
    return entry.feed;
  }

  leave(feed: ConversationFeed): void {
    const entry = this.#entries.get(feed.conversationId);
    if (entry?.feed !== feed) return;
    entry.readers -= 1;
    if (entry.readers === 0) this.#forget(entry);
  }

  /** Looks for what no message told. */
  async sweep(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    const checked = [...this.#entries.entries()].slice(0, MOST_CHECKED);
    try {
      await Promise.all(checked.map(([, { feed }]) => feed.check()));
      this.#moveToEnd(checked);
    } catch (error) {
      this.#source.onTrouble("could not check for lost events", error);
    } finally {
      this.#isSweeping = false;
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  close(): void {
    clearInterval(this.#sweep);
    for (const { feed } of this.#entries.values()) feed.close();
    this.#entries.clear();
  }

  #open(conversationId: string): Entry {
    const feed = new ConversationFeed({ conversationId, source: this.#source, requestFlush: this.#requestFlush });
    const opened = feed.open();
    const entry: Entry = { feed, opened, readers: 0 };
    this.#entries.set(conversationId, entry);
    // Every reader that waits gets the failure; who comes next gets another feed, whoever still holds this one.
    opened.then(() => feed.begun).catch(() => this.#forget(entry));
    return entry;
  }

  #forget({ feed }: Entry): void {
    if (this.#entries.get(feed.conversationId)?.feed !== feed) return;
    this.#entries.delete(feed.conversationId);
    feed.close();
  }

  #moveToEnd(checked: readonly (readonly [string, Entry])[]): void {
    if (checked.length === this.#entries.size) return;
    for (const [conversationId, entry] of checked) {
      if (this.#entries.get(conversationId) !== entry) continue;
      this.#entries.delete(conversationId);
      this.#entries.set(conversationId, entry);
    }
  }

  readonly #requestFlush = (feed: ConversationFeed): void => {
    if (this.#dirty.size === 0) setImmediate(this.#flush);
    this.#dirty.add(feed);
  };

  readonly #flush = (): void => {
    const feeds = [...this.#dirty];
    this.#dirty.clear();
    for (const feed of feeds) feed.flush();
  };
}
