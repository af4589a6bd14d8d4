import type { Commands, Reply } from "../connection/commands.ts";
import { text } from "../connection/commands.ts";
import { Fenced } from "../ports/errors.ts";
import type { ScriptName } from "../scripts/load.ts";
import { insist } from "./insist.ts";
import type { SharedAppends } from "./shared-appends.ts";
import { type AppendedBatch, UnconfirmedWrites } from "./unconfirmed-writes.ts";
import type { Written } from "./write-turns.ts";

const MORE_THAN_ANY = Number.MAX_SAFE_INTEGER;

export type RunKeys = readonly [stream: string, meta: string, run: string];

export interface OwnerWritesOptions {
  readonly commands: Commands;
  /** Undefined on a Cluster. */
  readonly shared: SharedAppends | undefined;
  readonly runId: string;
  readonly keys: RunKeys;
  readonly fence: string;
  /** Run-sequence of the last event in the log. */
  readonly stored: number;
  readonly onLost: (reason: Fenced) => void;
}

export interface Ask {
  readonly script: ScriptName;
  readonly keys: readonly string[];
  /** After the fence; `first` is the run-sequence of the first event that the script appends. */
  readonly args: (first: number) => readonly (string | number)[];
  /** Events of this run that the script appends. */
  readonly events?: number;
  /** These events and values are what it appends, and may have to be written again. */
  readonly batch?: AppendedBatch;
  /** True where something is done next that a failover must not make untrue. */
  readonly isDurable?: boolean;
}

/**
 * Writes that carry the owner's fence. Each waits for Redis as long as it takes, and is safe to send again.
 *
 * A failover may lose the end of what was acknowledged. Then the script answers GAP with what it has, and what is missing is
 * written again from memory, under another epoch: readers are told to forget what they saw. A loss of the claim itself shows
 * as a lost fence, and whoever claims next begins where the log ends.
 */
export class OwnerWrites {
  readonly #options: OwnerWritesOptions;
  readonly #unconfirmed = new UnconfirmedWrites();
  /** Run-sequence of the last event that was acknowledged. */
  #stored: number;
  #lineage: string | undefined;
  #lastMs = Date.now();
  #lost: Fenced | undefined;

  constructor(options: OwnerWritesOptions) {
    this.#options = options;
    this.#stored = options.stored;
    this.#lineage = this.#lineageNow();
  }

  /** Unix ms of the last confirmed contact with the run's record. */
  get lastMs(): number {
    return this.#lastMs;
  }

  get lost(): Fenced | undefined {
    return this.#lost;
  }

  /** With other runs' appends where that can be, without a promise. */
  share(batch: AppendedBatch, written: Written): void {
    const { shared, keys, runId, fence } = this.#options;
    const [stream, meta] = keys;
    const { payloads, fields } = batch;
    const askAlone = (): void => {
      this.append(batch).then(
        (reply) => written(undefined, text(reply[1])),
        (error: unknown) => written(error, ""),
      );
    };
    if (!shared || this.#lost || fields.length > 0) return askAlone();
    const first = this.#stored + 1;
    const done = (cancelledBy: string | undefined): void => {
      if (cancelledBy === undefined) return askAlone();
      this.#acknowledge(payloads.length);
      this.#unconfirmed.add(first, batch);
      written(undefined, cancelledBy);
    };
    shared.add({ stream, meta, runId, fence, first, payloads, done });
  }

  append(batch: AppendedBatch): Promise<Reply[]> {
    return this.ask({
      script: "append-3",
      keys: this.#options.keys,
      args: (first) => [first, batch.payloads.length, ...batch.payloads, ...batch.fields],
      batch,
      // What stands in the journal is not done again: it must not be forgotten either.
      isDurable: batch.fields.length > 0,
    });
  }

  /** The script's answer: OK, or a refusal of its own that changed nothing. Throws Fenced when the lease is lost. */
  async ask({ script, keys, args, batch, isDurable = false, ...ask }: Ask): Promise<Reply[]> {
    const { commands, fence } = this.#options;
    const { events = batch?.payloads.length ?? 0 } = ask;
    const first = this.#stored + 1;
    const once = (): Promise<Reply[]> => this.#insist(() => commands.script(script, keys, [fence, ...args(first)]));
    for (;;) {
      const reply = await (isDurable ? commands.durably([this.#options.keys[0]], once) : once());
      if (text(reply[0]) === "GAP") await this.#repair(Number(text(reply[1])));
      else {
        const confirmed = this.#confirmed(reply, events);
        if (batch) this.#unconfirmed.add(first, batch);
        return confirmed;
      }
    }
  }

  /** Asks until Redis answers, or until the lease is lost. */
  #insist<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    return insist(ask, () => this.#lost);
  }

  #confirmed(reply: Reply[], events: number): Reply[] {
    if (text(reply[0]) === "FENCED") throw this.#lose("another owner has the run");
    this.#acknowledge(text(reply[0]) === "OK" ? events : 0);
    return reply;
  }

  #acknowledge(events: number): void {
    this.#stored += events;
    this.#lastMs = Date.now();
    this.#lineage = this.#lineageNow();
  }

  /** Writes again what follows run-sequence `have`. */
  async #repair(have: number): Promise<void> {
    const { commands, keys, fence } = this.#options;
    for (let stored = have; ; ) {
      const lost = this.#unconfirmed.after(stored);
      if (!lost) throw this.#lose(`the log has a hole after run-sequence ${stored}`);
      // A failover has begun another epoch, or the append will. Where none is known of, the loss itself is reason enough.
      if (this.#lineage === this.#lineageNow()) await this.#raiseEpoch();
      const args = [fence, stored + 1, lost.payloads.length, ...lost.payloads, ...lost.fields];
      const reply = await this.#insist(() => commands.script("append-3", keys, args));
      if (text(reply[0]) === "OK") return;
      if (text(reply[0]) !== "GAP") throw this.#lose("another owner has the run");
      stored = Number(text(reply[1]));
    }
  }

  async #raiseEpoch(): Promise<void> {
    const { commands, keys } = this.#options;
    const [stream, meta] = keys;
    const epoch = await this.#insist(() => commands.send((redis) => redis.hget(meta, "epoch")));
    // Whatever others have appended since: the loss was seen.
    if (epoch) await this.#insist(() => commands.script("raise-epoch-2", [meta, stream], [epoch, MORE_THAN_ANY]));
  }

  #lineageNow(): string | undefined {
    return this.#options.commands.primaries.of(this.#options.keys[0])?.facts?.lineage;
  }

  #lose(why: string): Fenced {
    if (!this.#lost) {
      this.#lost = new Fenced(why);
      this.#options.onLost(this.#lost);
    }
    return this.#lost;
  }
}
