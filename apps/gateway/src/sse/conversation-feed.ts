import type { LogFollower, LogLine } from "@holdfast/bus";
import { type EntryPosition, parseEntryId } from "@holdfast/protocol";
import type { ConversationSource } from "./conversation-source.ts";
import { Held } from "./held.ts";
import { isNewer, LineBatch } from "./line-batch.ts";

/**
 * Live delivery of one conversation to every reader of it in this process, over one subscription.
 *
 * - `seq` is contiguous, so the next line is the last plus one: lower ones are dropped, a higher one means that a message
 *   was lost, and what is missing is read from the log before anything later goes out.
 * - A lost last message reveals itself by nothing: `check` compares with the log's head now and then.
 * - What is absent from the log is settled: a read that was begun after an entry was published answers for it.
 * - Another epoch withdraws everything: readers start again with a reset. A log that ends before what was delivered from it
 *   has lost events, and is made to begin another epoch.
 * - Lines of one event-loop tick go out together.
 */
export interface Member {
  deliver(batch: LineBatch): void;
  /** The log is another incarnation: forget everything and read it from its beginning. */
  restart(): void;
  /** The conversation is gone. */
  end(): void;
}

export interface FeedOptions {
  readonly conversationId: string;
  readonly source: ConversationSource;
  /** Has `flush` called at the end of this tick. */
  readonly requestFlush: (feed: ConversationFeed) => void;
}

const PAGE = 500;
const MOST_HELD = 5_000;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5_000;
const EMPTY: EntryPosition = { epoch: 0, seq: 0 };

export class ConversationFeed implements LogFollower {
  readonly conversationId: string;
  readonly #source: ConversationSource;
  readonly #requestFlush: (feed: ConversationFeed) => void;
  readonly #members = new Set<Member>();
  /** Of the newest line handed on. */
  #position = EMPTY;
  /** Newest line known to stand in the log. */
  #seen = EMPTY;
  #pending: LogLine[] = [];
  /** Set while the log is read; what arrives meanwhile waits here. */
  #held: Held<readonly LogLine[]> | undefined = new Held(MOST_HELD);
  #stop: (() => void) | undefined;
  #begun: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isEnded = false;

  constructor({ conversationId, source, requestFlush }: FeedOptions) {
    this.conversationId = conversationId;
    this.#source = source;
    this.#requestFlush = requestFlush;
  }

  /** Resolves when nothing appended from now on can be missed. Throws BusUnavailable. */
  async open(): Promise<void> {
    const stop = await this.#source.log.follow(this.conversationId, this);
    if (this.#isEnded) stop();
    else this.#stop = stop;
    this.#begun = this.#begin();
    // Whoever waits for it gets the failure; until then it must not count as unhandled.
    this.#begun.catch(() => undefined);
  }

  /** Of a feed that is open: resolves when it is known from where on it hands on what comes. Throws BusUnavailable. */
  get begun(): Promise<void> | undefined {
    return this.#begun;
  }

  /** The conversation has a log, as far as is known. */
  get hasLog(): boolean {
    return this.#position.epoch !== 0;
  }

  /** Whoever joins now is handed every line after this one. */
  get handedOn(): EntryPosition {
    const first = this.#pending[0];
    if (!first) return this.#position;
    const { epoch, seq } = parseEntryId(first.id);
    return { epoch, seq: seq - 1 };
  }

  close(): void {
    this.#isEnded = true;
    clearTimeout(this.#retry);
    this.#stop?.();
  }

  join(member: Member): void {
    if (this.#isEnded) member.end();
    else this.#members.add(member);
  }

  leave(member: Member): void {
    this.#members.delete(member);
  }

  onLines(lines: readonly LogLine[]): void {
    if (this.#held) {
      this.#held.push(lines);
      return;
    }
    const batch = LineBatch.of(lines)?.after(this.#position);
    if (!batch) return;
    this.#seen = batch.last;
    const isFirst = this.#position.epoch === 0;
    const expected = isFirst || batch.first.epoch === this.#position.epoch ? this.#position.seq + 1 : 0;
    if (batch.first.seq === expected) this.#accept(batch);
    else this.#repair();
  }

  onResubscribed(): void {
    this.#attempt(() => this.#check());
  }

  onDeleted(): void {
    this.flush();
    this.#isEnded = true;
    const members = [...this.#members];
    this.#members.clear();
    for (const member of members) member.end();
  }

  /** Finds what no message told: later lines, another epoch, a deletion. Throws BusUnavailable. */
  async check(): Promise<void> {
    if (!this.#held && !this.#isEnded) await this.#check();
  }

  /** Hands on what came since the last time. */
  flush(): void {
    const batch = LineBatch.of(this.#pending);
    if (!batch) return;
    this.#pending = [];
    for (const member of this.#members) member.deliver(batch);
  }

  async #begin(): Promise<void> {
    this.#position = (await this.#source.head(this.conversationId)) ?? EMPTY;
    this.#release();
  }

  async #check(): Promise<void> {
    const known = this.#position;
    const head = await this.#source.head(this.conversationId);
    if (this.#isEnded) return;
    if (head === undefined) {
      if (await this.#source.isGone(this.conversationId)) this.onDeleted();
      return;
    }
    if (head.epoch === known.epoch && head.seq < known.seq) {
      await this.#source.renew(this.conversationId, known);
      return this.#check();
    }
    if (!isNewer(head, this.#position)) return;
    this.#seen = isNewer(head, this.#seen) ? head : this.#seen;
    this.#repair();
  }

  #accept(batch: LineBatch): void {
    this.#pending.push(...batch.lines);
    this.#position = batch.last;
    this.#requestFlush(this);
  }

  #repair(): void {
    if (this.#held) return;
    this.#held = new Held(MOST_HELD);
    this.#attempt(async () => {
      await this.#readMissed();
      this.#release();
    });
  }

  /** Redis may be away for long: what is missed stays missed until it answers, so this tries until then. */
  #attempt(work: () => Promise<void>, delayMs = RETRY_MIN_MS): void {
    if (this.#isEnded) return;
    void work().catch((error: unknown) => {
      if (this.#isEnded) return;
      this.#source.onTrouble("could not read a conversation's log", error);
      this.#retry = setTimeout(() => this.#attempt(work, Math.min(delayMs * 2, RETRY_MAX_MS)), delayMs).unref();
    });
  }

  async #readMissed(): Promise<void> {
    for (;;) {
      this.#held?.take();
      const target = this.#seen;
      const from = this.#position;
      const lines = await this.#source.read(this.conversationId, from.epoch === 0 ? undefined : from, PAGE);
      if (this.#isEnded) return;
      const batch = LineBatch.of(lines);
      if (isOtherEpoch(from, newestOf(batch, target, from))) return this.#restart();
      if (batch) this.#accept(batch);
      if (lines.length === PAGE || this.#held?.hasOverflowed) continue;
      if (isNewer(target, this.#position)) this.#position = target;
      return;
    }
  }

  async #restart(): Promise<void> {
    const head = await this.#source.head(this.conversationId);
    if (this.#isEnded) return;
    this.#pending = [];
    this.#position = head ?? EMPTY;
    for (const member of this.#members) member.restart();
  }

  #release(): void {
    const held = this.#held?.take() ?? [];
    this.#held = undefined;
    for (const lines of held) this.onLines(lines);
    if (isNewer(this.#seen, this.#position)) this.#repair();
  }
}

/** A new epoch counts also where nothing stands in it yet. */
function newestOf(batch: LineBatch | undefined, target: EntryPosition, from: EntryPosition): EntryPosition {
  return batch?.last ?? (isNewer(target, from) ? target : from);
}

function isOtherEpoch(from: EntryPosition, now: EntryPosition): boolean {
  return from.epoch !== 0 && now.epoch !== from.epoch;
}
