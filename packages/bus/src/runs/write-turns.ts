import type { Reply } from "../connection/commands.ts";
import type { WriteClock } from "../connection/write-clock.ts";
import { type AppendedBatch, isEmpty } from "./unconfirmed-writes.ts";
import type { WriteBuffer } from "./write-buffer.ts";

/** Writes a batch; answers what the script said. */
export type Write = (batch: AppendedBatch) => Promise<Reply[]>;

export interface WriteTurnsOptions {
  readonly buffer: WriteBuffer;
  readonly clock: WriteClock;
  readonly append: Write;
  readonly onReply: (reply: readonly Reply[]) => void;
}

const NOTHING_SAID: Promise<Reply[]> = Promise.resolve([]);

/**
 * The writes of one run, one at a time. What is buffered leaves when the clock says, or with a write that has more to say;
 * whichever comes first takes all there is.
 */
export class WriteTurns {
  readonly #options: WriteTurnsOptions;
  #writing: Promise<void> | undefined;
  #scheduled: Promise<void> | undefined;

  constructor(options: WriteTurnsOptions) {
    this.#options = options;
  }

  /** Something was buffered. A failed write shows at `flush`, `take` and by the lease's signal; nobody need be waiting here. */
  request(): void {
    void this.#schedule();
  }

  /** Resolves when all that was buffered is written. What another `take` got and failed to write, its caller hears of. */
  flush(): Promise<void> {
    const { buffer } = this.#options;
    buffer.settleNow();
    return buffer.isEmpty ? (this.#writing ?? Promise.resolve()) : this.#schedule();
  }

  /** `write` gets what there is to be appended, maybe nothing, when the write that is on its way has come back. */
  take(write: Write): Promise<void> {
    this.#writing = this.#writeAfter(this.#writing, write);
    return this.#writing;
  }

  #schedule(): Promise<void> {
    if (this.#scheduled === undefined) {
      this.#scheduled = this.#writeSoon();
      this.#scheduled.catch(() => undefined);
    }
    return this.#scheduled;
  }

  async #writeSoon(): Promise<void> {
    const { clock, append } = this.#options;
    await new Promise<void>((resolve) => clock.request(resolve));
    // Another write may have taken what there was.
    await this.take((batch) => (isEmpty(batch) ? NOTHING_SAID : append(batch)));
  }

  async #writeAfter(before: Promise<void> | undefined, write: Write): Promise<void> {
    await before?.catch(() => undefined);
    const { buffer, onReply } = this.#options;
    // While a write is still scheduled, or what has grown would ask for a second, empty one.
    buffer.settleNow();
    this.#scheduled = undefined;
    const batch = buffer.take();
    const reply = await write(batch);
    buffer.bytes -= batch.bytes;
    onReply(reply);
  }
}
