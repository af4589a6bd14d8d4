import { once } from "node:events";
import type { ServerResponse } from "node:http";

const FLUSH_AT_CHARACTERS = 16 * 1024;

/**
 * Writes the frames of one stream. Frames of the same turn of the event loop share one write, so a model without pacing costs
 * no system call per token, and a paced one is not delayed. A client that reads slowly holds the model back.
 */
export class FrameWriter {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;
  #buffer = "";
  #scheduled: NodeJS.Immediate | undefined;
  #lastWrite: Promise<void> = Promise.resolve();

  /** `signal` is aborted when the client has gone. */
  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
  }

  /** Rejects once the client has gone. */
  async write(frame: string): Promise<void> {
    this.#signal.throwIfAborted();
    this.#buffer += frame;
    this.#scheduled ??= setImmediate(() => this.#flush());
    if (this.#buffer.length >= FLUSH_AT_CHARACTERS) this.#flush();
    if (this.#response.writableNeedDrain) await once(this.#response, "drain", { signal: this.#signal });
  }

  /** Resolves when everything written so far was handed to the operating system. */
  async delivered(): Promise<void> {
    this.#flush();
    await this.#lastWrite;
  }

  end(): void {
    this.#flush();
    this.#response.end();
  }

  #flush(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const frames = this.#buffer;
    this.#buffer = "";
    if (frames === "" || this.#response.destroyed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lastWrite = promise;
    this.#response.write(frames, () => resolve());
  }
}
