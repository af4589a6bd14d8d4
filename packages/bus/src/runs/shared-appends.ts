import type { Commands, Reply } from "../connection/commands.ts";

/** What one run has to say at this moment. */
export interface SharedAppend {
  readonly stream: string;
  readonly meta: string;
  readonly runId: string;
  readonly fence: string;
  /** Run-sequence of the first payload. */
  readonly first: number;
  readonly payloads: readonly string[];
  /** Gets who cancelled the run or "", undefined where nothing is known: the run has to ask by itself then, which is safe. */
  readonly done: (cancelledBy: string | undefined) => void;
}

/** Redis does nothing else meanwhile: about two ms where each says one token. */
const MOST_RUNS = 64;
/** UTF-16 units of payloads: where models speak fast, what one run says is large. */
const MOST_LENGTH = 1 << 16;

/**
 * Appends of many runs in one script call. Most of what an append costs on both sides is the call, and not what it writes: so
 * runs whose writes leave together (see WriteClock) share one. Not on a Cluster, where a script sees one slot only.
 *
 * No promise and no retry here: this runs for every token. Whatever does not go well is asked again by its run alone.
 */
export class SharedAppends {
  readonly #commands: Commands;
  #waiting: SharedAppend[] = [];

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  /** Leaves with all that is added before the tick's other work is done. */
  add(append: SharedAppend): void {
    this.#waiting.push(append);
    if (this.#waiting.length === 1) queueMicrotask(this.#leave);
  }

  readonly #leave = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    let appends: SharedAppend[] = [];
    let length = 0;
    for (const append of waiting) {
      appends.push(append);
      for (const payload of append.payloads) length += payload.length;
      if (appends.length < MOST_RUNS && length < MOST_LENGTH) continue;
      this.#send(appends);
      appends = [];
      length = 0;
    }
    if (appends.length > 0) this.#send(appends);
  };

  #send(appends: readonly SharedAppend[]): void {
    const keys: string[] = [];
    const args: (string | number)[] = [];
    for (const { stream, meta, runId, fence, first, payloads } of appends) {
      keys.push(stream, meta);
      args.push(runId, fence, first, payloads.length);
      for (const payload of payloads) args.push(payload);
    }
    const tell = (replies: readonly Reply[]): void => {
      for (const [at, { done }] of appends.entries()) {
        const reply = replies[at];
        done(typeof reply === "string" ? reply : undefined);
      }
    };
    this.#commands.script("append-together-n", keys, args).then(tell, () => tell([]));
  }
}
