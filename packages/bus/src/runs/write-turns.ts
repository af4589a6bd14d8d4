import { type Reply, text } from "../connection/commands.ts";
import type { WriteClock } from "./write-clock.ts";
import { type AppendedBatch, isEmpty } from "./unconfirmed-writes.ts";
import type { WriteBuffer } from "./write-buffer.ts";

/** Writes a batch; answers what the script said. */
export type Write = (batch: AppendedBatch) => Promise<Reply[]>;

/** Gets what went wrong, or undefined and who cancelled the run or "". */
export type Written = (error: unknown, cancelledBy: string) => void;

export interface WriteTurnsOptions {
  readonly buffer: WriteBuffer;
  readonly clock: WriteClock;
  /** Writes a batch that is not empty, and calls `written` once. No promise: this runs for every token. */
  readonly append: (batch: AppendedBatch, written: Written) => void;
  readonly onCancel: () => void;
}

type Batch = ReturnType<WriteBuffer["take"]>;

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * The writes of one run, one at a time. What is buffered leaves when the clock says, or with a write that has more to say;
 * whichever comes first takes all there is. A write that failed is the last one: what it had taken is not in the log, so
 * nothing may follow it there.
 */
export class WriteTurns {
  readonly #options: WriteTurnsOptions;
  /** Begin when the write that is on its way has come back. */
  readonly #queue: (() => void)[] = [];
  #isWriting = false;
  /** The clock has been asked, and that turn has not begun. */
  #isScheduled = false;
  /** For the end of that turn. */
  #waiting: Waiter[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(options: WriteTurnsOptions) {
    this.#options = options;
  }

  /** Something was buffered. A failed write shows at `flush`, `take` and by the lease's signal; nobody need be waiting here. */
  request(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.clock.request(this.#due);
  }

  /** Resolves when all that was buffered is written, by whichever write. */
  flush(): Promise<void> {
    const { buffer } = this.#options;
    buffer.settleNow();
    if (!buffer.isEmpty) this.request();
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      if (this.#isScheduled) this.#waiting.push(waiter);
      else this.#enter(() => this.#end(undefined, [waiter]));
    });
  }

  /** `write` gets what there is to be appended, maybe nothing, when the write that is on its way has come back. */
  take(write: Write): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = [{ resolve, reject }];
      this.#enter(() => {
        const batch = this.#take(this.#isScheduled);
        if (!batch) return this.#end(undefined, waiting);
        write(batch).then(
          (reply) => {
            this.#confirm(batch, text(reply[1]));
            this.#end(undefined, waiting);
          },
          (error: unknown) => this.#end(error, waiting),
        );
      });
    });
  }

  readonly #due = (): void => this.#enter(this.#writeDue);

  readonly #writeDue = (): void => {
    const batch = this.#take(false);
    // Whoever comes from now on waits for the next turn.
    const waiting = this.#waiting;
    this.#waiting = [];
    if (!batch || isEmpty(batch)) return this.#end(undefined, waiting);
    this.#options.append(batch, (error, cancelledBy) => {
      if (error === undefined) this.#confirm(batch, cancelledBy);
      this.#end(error, waiting);
    });
  };

  #enter(turn: () => void): void {
    if (this.#isWriting) this.#queue.push(turn);
    else {
      this.#isWriting = true;
      turn();
    }
  }

  #end(error: unknown, waiting: readonly Waiter[]): void {
    if (error !== undefined) this.#failure ??= { error };
    const failure = this.#failure;
    for (const { resolve, reject } of waiting) {
      if (failure) reject(failure.error);
      else resolve();
    }
    const next = this.#queue.shift();
    if (next) next();
    else this.#isWriting = false;
  }

  /** Undefined where nothing may be written any more. Nothing is thrown: the turns of other runs follow in the same loop. */
  #take(isScheduledStill: boolean): Batch | undefined {
    // What has grown asks for a write, and this is it.
    this.#isScheduled = true;
    let batch: Batch | undefined;
    try {
      batch = this.#options.buffer.take();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#isScheduled = isScheduledStill;
    return this.#failure ? undefined : batch;
  }

  #confirm(batch: Batch, cancelledBy: string): void {
    this.#options.buffer.bytes -= batch.bytes;
    if (cancelledBy !== "") this.#options.onCancel();
  }
}
