import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { NotSentError } from "./local-error.ts";

/**
 * Writes to a pipe one at a time, so that of each it is known whether it went out: an error fails a whole batch of writes,
 * whichever of them had already arrived, but a write that stood alone and failed left at most a part of its message behind,
 * which nobody can execute. What was still waiting behind it never left.
 */
interface Waiting {
  readonly bytes: Uint8Array | string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class LoneWrites {
  readonly #stream: Writable;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #isWriting = false;
  #idle: (() => void)[] = [];

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** What the reader has not taken yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Resolves when the kernel has all of it; rejects with a NotSentError where the reader cannot have got it. */
  write(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      this.#waitingBytes += bytes.length;
      if (!this.#isWriting) this.#next();
    });
  }

  /** Resolves when each write has got its end and who waited for it was told, after `limitMs` at the latest. */
  async settled(limitMs: number): Promise<void> {
    if (!this.#isWriting) return;
    const isIdle = new Promise<void>((resolve) => this.#idle.push(resolve));
    await Promise.race([isIdle, delay(limitMs, undefined, { ref: false })]);
  }

  #next(): void {
    for (;;) {
      const next = this.#waiting.shift();
      this.#isWriting = next !== undefined;
      if (next === undefined) return this.#tellIdle();
      if (this.#stream.writable) return this.#send(next);
      // A stream that is over says the same of every write: that it was destroyed.
      this.#end(next, notSent(this.#stream.errored));
    }
  }

  #send(next: Waiting): void {
    this.#stream.write(next.bytes, (error) => {
      this.#end(next, error ? failureOf(error) : undefined);
      this.#next();
    });
  }

  #end({ bytes, resolve, reject }: Waiting, error: Error | undefined): void {
    this.#waitingBytes -= bytes.length;
    if (error === undefined) resolve();
    else reject(error);
  }

  /** A turn of the loop later: by then what the last ends led to has happened. */
  #tellIdle(): void {
    const idle = this.#idle.splice(0);
    if (idle.length > 0) setImmediate(() => idle.forEach((resolve) => resolve()));
  }
}

const notSent = (cause: unknown): NotSentError => new NotSentError("the server no longer reads", { cause });

/** Where the stream was destroyed under a write, nobody says how much of it the kernel had taken. */
function failureOf(error: Error): Error {
  return (error as NodeJS.ErrnoException).code === "ERR_STREAM_DESTROYED" ? error : notSent(error);
}
