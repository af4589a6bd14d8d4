/**
 * The oracle of the kill matrix: a reader of one conversation, written from docs/protocol.md §3 alone and sharing no code
 * with the client, the page or the gateway. It trusts nothing, forgives nothing and remembers every violation.
 *
 * - Frames come strictly after the cursor (§5.3); an epoch changes only by `reset`, which forgets everything (§5.5).
 * - A message is accepted once and has one run (§3.4). Turns run one at a time, in the order of their `user_message`s.
 * - What a run shows is held against the rules of StrictRun.
 */
import { StrictEvent } from "./strict-event.ts";
import { type IsSamplePrefix, StrictRun } from "./strict-run.ts";

export interface Frame {
  /** `<epoch>-<seq>` */
  readonly id: string;
  readonly data: string;
}

export interface StrictReaderOptions {
  /** It comes so late that tokens of finished steps may be gone. */
  readonly mayBeCompacted?: boolean;
}

export class StrictReader {
  readonly violations: string[] = [];
  /** By run id, in the order of their messages. */
  readonly runs = new Map<string, StrictRun>();
  /** Ids of the accepted messages, in order. */
  readonly messages: string[] = [];
  cursor = "";
  resets = 0;
  #epoch: bigint | undefined;
  #seq = 0n;
  readonly #isSamplePrefix: IsSamplePrefix;
  readonly #mayBeCompacted: boolean;

  constructor(isSamplePrefix: IsSamplePrefix, { mayBeCompacted = false }: StrictReaderOptions = {}) {
    this.#isSamplePrefix = isSamplePrefix;
    this.#mayBeCompacted = mayBeCompacted;
  }

  /** Answers whether a waiting user saw the conversation go on: a token, an output, or the end of a run. */
  read({ id, data }: Frame): boolean {
    const event = new StrictEvent(data, (problem) => this.#complain(`${id}: ${problem}`));
    const [epoch, seq] = numbersOf(id);
    if (epoch === undefined || seq === undefined) return this.#no(`the id ${id} is not <epoch>-<seq>`);
    if (event.kind === "reset") return this.#reset(epoch, seq, id);
    if (this.#epoch !== undefined && epoch !== this.#epoch) return this.#no(`${id}: another epoch without a reset`);
    if (seq <= this.#seq) return this.#no(`${id} came again, or out of order, after ${this.cursor}`);
    this.#epoch = epoch;
    this.#seq = seq;
    this.cursor = id;
    return this.#apply(event, id);
  }

  runOf(messageId: string): StrictRun | undefined {
    return [...this.runs.values()].find((run) => run.messageId === messageId);
  }

  hasEnded(messageIds: readonly string[]): boolean {
    return messageIds.every((messageId) => this.runOf(messageId)?.hasEnded);
  }

  #reset(epoch: bigint, seq: bigint, id: string): false {
    if (seq !== 0n) this.#complain(`${id}: a reset's id is <epoch>-0`);
    this.resets += 1;
    this.#epoch = epoch;
    this.#seq = 0n;
    this.cursor = id;
    this.runs.clear();
    this.messages.length = 0;
    return false;
  }

  #apply(event: StrictEvent, id: string): boolean {
    if (event.kind === "user_message") return this.#accept(event, id);
    if (!event.has("run_id")) return false;
    const runId = event.text("run_id");
    const run = this.runs.get(runId);
    if (!run) return this.#no(`${id}: ${event.kind} of run ${runId}, which no user_message began`);
    const isQueued = event.kind === "run" && event.text("status") === "queued";
    const earlier = [...this.runs.values()].slice(0, this.messages.indexOf(run.messageId)).find((one) => !one.hasEnded);
    if (earlier && !isQueued) this.#complain(`${id}: ${event.kind} of a turn while an earlier one has not ended`);
    return run.apply(event);
  }

  #accept(event: StrictEvent, id: string): false {
    const messageId = event.text("message_id");
    const runId = event.text("run_id");
    if (this.messages.includes(messageId)) return this.#no(`${id}: message ${messageId} accepted twice`);
    if (this.runs.has(runId)) return this.#no(`${id}: run ${runId} for two messages`);
    this.messages.push(messageId);
    const complain = (run: StrictRun, problem: string) =>
      this.#complain(`${this.cursor}: run ${run.id} (turn ${this.messages.indexOf(messageId) + 1}): ${problem}`);
    this.runs.set(runId, new StrictRun(runId, messageId, this.#isSamplePrefix, complain, this.#mayBeCompacted));
    return false;
  }

  #no(problem: string): false {
    this.#complain(problem);
    return false;
  }

  #complain(problem: string): void {
    this.violations.push(problem);
  }
}

function numbersOf(id: string): [bigint?, bigint?] {
  const parts = /^(\d+)-(\d+)$/.exec(id);
  return parts ? [BigInt(parts[1] ?? 0), BigInt(parts[2] ?? 0)] : [];
}
