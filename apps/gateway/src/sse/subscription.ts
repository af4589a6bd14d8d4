import type { LogLine } from "@holdfast/bus";
import type { EntryPosition, ResetEvent } from "@holdfast/protocol";
import type { ConversationFeed, Member } from "./conversation-feed.ts";
import type { ConversationSource } from "./conversation-source.ts";
import { Held } from "./held.ts";
import { isNewer, LineBatch } from "./line-batch.ts";
import type { Outlet } from "./outlet.ts";
import { endsRun } from "./run-end.ts";
import type { StartPoint } from "./start-point.ts";

/**
 * One reader of one conversation: history from its cursor, then live, without a gap or a repetition between them.
 *
 * It is a member of the feed before it reads. What the feed delivers during the last read is held; when that read gave the
 * end of the log, the held lines that are newer follow, and from the same tick on the feed writes to it directly.
 * History goes no faster than the reader takes it; live, a reader that has fallen behind by a whole buffer is cut off and
 * comes back with its cursor.
 */
export interface SubscriptionOptions {
  readonly feed: ConversationFeed;
  readonly source: ConversationSource;
  readonly outlet: Outlet;
  readonly start: StartPoint;
  /** The stream ends after this run's terminal event. */
  readonly runId?: string;
  readonly onOverdue: () => void;
}

const PAGE = 1_000;
/** Unknown lines may be long ones; pages grow while they prove short. */
export const FIRST_PAGE = 50;
const PAGE_BYTES = 1_048_576;
const MOST_HELD = 100;
const NOWHERE: EntryPosition = { epoch: 0, seq: 0 };

export class Subscription implements Member {
  readonly #feed: ConversationFeed;
  readonly #source: ConversationSource;
  readonly #outlet: Outlet;
  readonly #runId: string | undefined;
  readonly #onOverdue: () => void;
  readonly #firstReset: ResetEvent["reason"] | undefined;
  #after: EntryPosition | undefined;
  /** Set while history is read. */
  #held: Held<LineBatch> | undefined;
  /** Counts the readings of history, so that one that was overtaken by a restart stops. */
  #reading = 0;

  constructor({ feed, source, outlet, start, runId, onOverdue }: SubscriptionOptions) {
    this.#feed = feed;
    this.#source = source;
    this.#outlet = outlet;
    this.#runId = runId;
    this.#onOverdue = onOverdue;
    this.#after = start.after;
    this.#firstReset = start.reset;
  }

  /** `ahead`: the first page, where it was read before. */
  start(ahead?: readonly LogLine[]): void {
    this.#feed.join(this);
    this.#catchUp(this.#firstReset, ahead);
  }

  deliver(batch: LineBatch): void {
    if (this.#held) this.#held.push(batch);
    else this.#pass(batch);
  }

  restart(): void {
    this.#after = undefined;
    this.#catchUp("epoch");
  }

  end(): void {
    this.#reading += 1;
    this.#outlet.end();
  }

  close(): void {
    this.#reading += 1;
    this.#feed.leave(this);
  }

  #catchUp(reset: ResetEvent["reason"] | undefined, ahead?: readonly LogLine[]): void {
    this.#reading += 1;
    this.#held = new Held(MOST_HELD);
    this.#readHistory(this.#reading, reset, ahead).catch((error: unknown) => {
      this.#source.onTrouble("could not read a conversation's log for a reader", error);
      this.#outlet.destroy();
    });
  }

  async #readHistory(
    reading: number,
    reset: ResetEvent["reason"] | undefined,
    ahead: readonly LogLine[] | undefined,
  ): Promise<void> {
    const held = this.#held;
    if (!held) return;
    if (reset) await this.#writeReset(reading, reset);
    let given = ahead;
    for (let limit = FIRST_PAGE; this.#isCurrent(reading); ) {
      held.take();
      const lines = given ?? (await this.#source.read(this.#feed.conversationId, this.#after, limit));
      if (!this.#isCurrent(reading)) return;
      const batch = LineBatch.of(lines);
      if (batch && this.#isOtherEpoch(batch)) {
        this.restart();
        return;
      }
      if (batch) this.#write(batch, true);
      if (lines.length < limit && this.#isUpToDate(held, given !== undefined)) {
        this.#goLive(held);
        return;
      }
      given = undefined;
      if (this.#outlet.isOverdue) await this.#outlet.drained();
      limit = pageAfter(lines, limit);
    }
  }

  /** After the log's last page: one read ahead, before this was a member, may end before what the feed has handed on to others. */
  #isUpToDate(held: Held<LineBatch>, wasAhead: boolean): boolean {
    if (wasAhead && isNewer(this.#feed.handedOn, this.#after ?? NOWHERE)) return false;
    return !held.hasOverflowed && !this.#outlet.isOverdue;
  }

  /** The same tick as the end of the last read: nothing can come in between. */
  #goLive(held: Held<LineBatch>): void {
    this.#held = undefined;
    for (const batch of held.take()) this.#pass(batch);
  }

  #pass(batch: LineBatch): void {
    const fresh = batch.after(this.#after);
    if (!fresh) return;
    // The feed may never have handed on anything of the epoch that this reader found in the log.
    if (this.#isOtherEpoch(fresh)) return this.restart();
    if (this.#outlet.isOverdue) {
      this.#onOverdue();
      this.#outlet.destroy();
      return;
    }
    this.#write(fresh, false);
  }

  #write(batch: LineBatch, isReplay: boolean): void {
    const runId = this.#runId;
    const end = runId === undefined ? -1 : batch.lines.findIndex((line) => endsRun(line, runId));
    const part = end === -1 ? batch : batch.through(end);
    if (part) {
      this.#outlet.write(part, isReplay);
      this.#after = part.last;
    }
    if (end !== -1) this.end();
  }

  async #writeReset(reading: number, reason: ResetEvent["reason"]): Promise<void> {
    const { conversationId } = this.#feed;
    const head = await this.#source.head(conversationId);
    if (!this.#isCurrent(reading)) return;
    // What follows is of this epoch, or there is another reset before it.
    const position = { epoch: head?.epoch ?? 0, seq: 0 };
    this.#after = head && position;
    this.#outlet.say(position, JSON.stringify(resetEvent(conversationId, reason)));
  }

  #isCurrent(reading: number): boolean {
    return reading === this.#reading && this.#outlet.isOpen;
  }

  #isOtherEpoch(batch: LineBatch): boolean {
    return this.#after !== undefined && batch.last.epoch !== this.#after.epoch;
  }
}

function resetEvent(conversationId: string, reason: ResetEvent["reason"]): ResetEvent {
  return {
    event: "reset",
    conversation_id: conversationId,
    reason,
    snapshot_url: `/v1/conversations/${conversationId}`,
  };
}

/** Fewer lines the next time where they are long, so that a page stays near a size in bytes. */
function pageAfter(lines: readonly LogLine[], limit: number): number {
  let units = 0;
  for (const line of lines) units += line.payload.length;
  const fitting = units === 0 ? PAGE : Math.floor((PAGE_BYTES / units) * lines.length);
  return Math.max(1, Math.min(PAGE, fitting, limit * 4));
}
