import { streamTopic } from "@holdfast/protocol";
import { type Commands, type Reply, text } from "../connection/commands.ts";
import { placeOfTurn, readRecord, storeRecord } from "../conversations/history-record.ts";
import type { Note, Outbox, PutNote } from "../conversations/outbox.ts";
import { approvalsKey, historyKey, inboxKey, metaKey, runKey, steerKey, unfinishedKey } from "../keys.ts";
import type { Entry } from "../ports/entry.ts";
import { Fenced } from "../ports/errors.ts";
import type {
  ClaimedRun,
  EventDraft,
  HistoryRecord,
  JournalWrite,
  ParkRequest,
  RunEnding,
  RunLease,
  SteeredMessage,
} from "../ports/runs.ts";
import type { Upkeep } from "../retention/upkeep.ts";
import { insist } from "./insist.ts";
import { endingFields } from "./lease-writes.ts";
import { forgetLetter, LETTER_FIELD, owedLetter } from "./owed-letter.ts";
import { OwnerWrites, type RunKeys } from "./owner-writes.ts";
import { isOverdue, parkingOf, pointAt } from "./park-run.ts";
import { RunQuestions } from "./run-questions.ts";
import { RunEvents } from "./run-events.ts";
import { settleEnding } from "./settle-ending.ts";
import type { SharedAppends } from "./shared-appends.ts";
import { WriteBuffer } from "./write-buffer.ts";
import { WriteTurns } from "./write-turns.ts";
import type { WriteClock } from "./write-clock.ts";

interface LeaseOptions {
  readonly run: ClaimedRun;
  readonly fence: string;
  /** Run-sequence of the last event in the log. */
  readonly stored: number;
  readonly turn: string;
  /** What the run was claimed for. */
  readonly entry: Entry | undefined;
  readonly cancelled: boolean;
  readonly commands: Commands;
  readonly outbox: Outbox;
  readonly upkeep: Upkeep;
  readonly clock: WriteClock;
  /** Undefined on a Cluster. */
  readonly shared: SharedAppends | undefined;
  readonly onEnd: () => void;
}

/** Events with which an attempt begins (see scripts/include/deaths-of.lua). */
const BOOKKEEPING = 2;

/**
 * What the owner of a run writes through. Appends are buffered and leave with those of all other runs (see WriteClock), one write in
 * flight at a time: under load batches grow by themselves. Every write carries the fence and the run-sequence of its first event, so a
 * write whose reply was lost is sent again safely, and one that comes after the lease was lost is refused.
 */
export class RedisLease implements RunLease {
  readonly run: ClaimedRun;
  readonly questions: RunQuestions;
  readonly #commands: Commands;
  readonly #outbox: Outbox;
  readonly #upkeep: Upkeep;
  readonly #fence: string;
  readonly #turn: string;
  readonly #entry: Entry | undefined;
  readonly #onEnd: () => void;
  readonly #abort = new AbortController();
  readonly #runKeys: RunKeys;
  readonly #writes: OwnerWrites;
  readonly #events: RunEvents;
  #attempt: number;
  readonly #buffer = new WriteBuffer();
  #appended = 0;
  readonly #turns: WriteTurns;
  #letterNote: PutNote | undefined;

  constructor(options: LeaseOptions) {
    this.run = options.run;
    this.#fence = options.fence;
    this.#turn = options.turn;
    this.#entry = options.entry;
    this.#commands = options.commands;
    this.#outbox = options.outbox;
    this.#upkeep = options.upkeep;
    this.#attempt = options.run.attempt;
    this.#onEnd = options.onEnd;
    this.#events = new RunEvents(options.run);
    const { conversationId, id } = options.run;
    this.#runKeys = [streamTopic(conversationId), metaKey(conversationId), runKey(conversationId, id)];
    const { commands, fence, stored } = options;
    const parts = { commands, shared: options.shared, runId: id, keys: this.#runKeys, fence, stored };
    this.#writes = new OwnerWrites({ ...parts, onLost: (why) => this.#lose(why) });
    this.#turns = new WriteTurns({
      buffer: this.#buffer,
      clock: options.clock,
      append: (batch, written) => this.#writes.share(batch, written),
      onCancel: () => this.#abort.abort("cancelled"),
    });
    const of = { lease: this, keys: this.#runKeys, writes: this.#writes, events: this.#events };
    this.questions = new RunQuestions(commands, options.upkeep, of);
    if (options.cancelled) this.#abort.abort("cancelled");
  }

  get fence(): string {
    return this.#fence;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get attempt(): number {
    return this.#attempt;
  }

  get bufferedBytes(): number {
    return this.#buffer.bytes;
  }

  /** Unix ms of the last confirmed contact with the run's record. */
  get lastWriteMs(): number {
    return this.#writes.lastMs;
  }

  get hasShown(): boolean {
    return this.#appended > BOOKKEEPING;
  }

  append(event: EventDraft, journal?: JournalWrite): void {
    this.#buffer.settleNow();
    this.#appended += 1;
    this.#buffer.add(this.#events.payload(event, this.#attempt));
    if (journal) this.#buffer.journal(journal);
    this.#turns.request();
  }

  appendLater(settle: () => void): void {
    this.#buffer.addLater(settle);
    this.#turns.request();
  }

  record(journal: JournalWrite): void {
    this.#buffer.journal(journal);
    this.#turns.request();
  }

  flush(): Promise<void> {
    return this.#turns.flush();
  }

  supersede(step: number, cause: string): void {
    this.#buffer.settleNow();
    this.#attempt += 1;
    this.#buffer.record("attempt", String(this.#attempt));
    this.append({ event: "attempt", mode: "supersede", step, keep_offset: 0, cause });
  }

  async beginStep(step: number): Promise<readonly SteeredMessage[]> {
    const { conversationId, agent } = this.run;
    const [stream, meta, run] = this.#runKeys;
    const keys = [meta, run, steerKey(conversationId), stream];
    const now = new Date().toISOString();
    let reply: Reply[] = [];
    await this.#turns.take(async (batch) => {
      const { payloads, fields } = batch;
      const about = [step, this.#events.steeredPayload(now), now, ...fields];
      const args = (first: number) => [first, payloads.length, ...payloads, ...about];
      // The model hears it next: it must not come again as a turn of its own.
      reply = await this.#writes.ask({ script: "begin-step-4", keys, args, batch, isDurable: true });
      return reply;
    });
    const steered = JSON.parse(text(reply[2])) as SteeredMessage[];
    // The index is a hint, tidied by who reads it: a step does not wait for it.
    const ended = steered.map(({ run_id }) => `${conversationId} ${run_id}`);
    if (ended.length > 0)
      this.#commands.send((redis) => redis.zrem(unfinishedKey(agent), ended)).catch(() => undefined);
    return steered;
  }

  /** Looks at the cancel flag and the fence now, without writing. */
  async checkCancel(): Promise<void> {
    try {
      const reply = await this.#writes.append({ payloads: [], fields: [] });
      if (text(reply[1])) this.#abort.abort("cancelled");
    } catch (error) {
      if (!(error instanceof Fenced)) throw error;
    }
  }

  async history(): Promise<readonly HistoryRecord[]> {
    const entries = await this.#commands.send((redis) => redis.lrange(historyKey(this.run.conversationId), 0, -1));
    const records = entries.map(readRecord);
    // What comes later was never said to this turn, though it ended before.
    return records.slice(0, placeOfTurn(records, Number(this.#turn || Infinity)));
  }

  async finish(ending: RunEnding): Promise<"more" | "last"> {
    const flushed = this.flush();
    const payloads = this.#events.endingPayloads(ending, this.#attempt);
    const now = new Date().toISOString();
    const fields = endingFields(ending, this.#attempt, now);
    if (ending.givenUp) fields.push(LETTER_FIELD, JSON.stringify(owedLetter(this.run, this.#entry, ending.givenUp)));
    const keys = [
      ...this.#runKeys,
      historyKey(this.run.conversationId),
      steerKey(this.run.conversationId),
      inboxKey(this.run.conversationId),
    ];
    const history = ending.history.map(storeRecord);
    const rest = [payloads.length, ...payloads, fields.length, ...fields, ...history];
    const kind = ending.givenUp ? "letter" : "answer";
    const note: Note = { kind, conversationId: this.run.conversationId, runId: this.run.id };
    const putNote = () => this.#outbox.put(note);
    const isOwed = ending.status === "completed" || ending.givenUp !== undefined;
    const [put] = await Promise.all([isOwed ? insist(putNote, () => this.#writes.lost) : undefined, flushed]);
    await this.questions.close();
    const args = (first: number) => [first, ...rest];
    const reply = await this.#writes.ask({ script: "finish-6", keys, args, events: payloads.length, isDurable: true });
    this.#onEnd();
    if (ending.givenUp) this.#letterNote = put;
    const parts = { commands: this.#commands, outbox: this.#outbox, upkeep: this.#upkeep };
    await settleEnding(parts, { run: this.run, turn: this.#turn, ending, finishedAt: now, note: put });
    return text(reply[1]) === "0" ? "last" : "more";
  }

  async buried(): Promise<void> {
    if (this.#letterNote) await forgetLetter(this.#commands, this.#outbox, this.#runKeys[2], this.#letterNote);
  }

  async park(request: ParkRequest): Promise<"parked" | "cancelled"> {
    await this.flush();
    const { payloads, rest } = parkingOf(request, this.#events, this.run, this.#attempt);
    const { questions } = request;
    const point = () => pointAt(this.#commands, questions, this.run, this.#upkeep.newPointerMs);
    await insist(point, () => this.#writes.lost);
    const keys = [...this.#runKeys, approvalsKey(this.run.conversationId)];
    const args = (first: number) => [first, payloads.length, ...payloads, ...rest];
    const reply = await this.#writes.ask({ script: "park-4", keys, args, events: payloads.length, isDurable: true });
    if (text(reply[0]) === "CANCELLED") {
      this.#abort.abort("cancelled");
      return "cancelled";
    }
    this.#onEnd();
    // A question that was overdue before it stood anywhere may have left the index meanwhile.
    if (isOverdue(questions)) await insist(point, () => undefined);
    return "parked";
  }

  async fail(): Promise<number> {
    return this.#giveUp(true);
  }

  async release(): Promise<void> {
    await this.#giveUp(false);
  }

  /** Whatever comes of it, this lease is no longer held here: a claim may take the run again. */
  async #giveUp(isFailure: boolean): Promise<number> {
    try {
      // Whether or not what was said could be written: it is the next owner's to say.
      await this.flush().catch(() => undefined);
      const keys = [this.#runKeys[1], this.#runKeys[2]];
      const reply = await this.#writes.ask({ script: "release-2", keys, args: () => [isFailure ? 1 : 0] });
      return Number(text(reply[1]));
    } finally {
      this.#onEnd();
    }
  }

  #lose(why: Fenced): void {
    this.#abort.abort(why);
    this.#onEnd();
  }
}
