/**
 * Live output for the reader's eyes: at most ten pieces in any second, however a program prints. What arrives in between is
 * joined. Nothing is lost: `finish` hands over the rest.
 */
export type OutputStream = "stdout" | "stderr";
export type OutputListener = (stream: OutputStream, text: string) => void;

/** Seven pieces a second, which leaves room for the two of `finish`. */
const INTERVAL_MS = 150;

export class LiveOutput {
  readonly #listener: OutputListener;
  /** In the order in which the streams began to wait. */
  readonly #waiting = new Map<OutputStream, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(listener: OutputListener) {
    this.#listener = listener;
  }

  add(stream: OutputStream, text: string): void {
    if (text === "") return;
    this.#waiting.set(stream, (this.#waiting.get(stream) ?? "") + text);
    this.#timer ??= setTimeout(() => this.#tick(), INTERVAL_MS);
  }

  finish(): void {
    clearTimeout(this.#timer);
    while (this.#waiting.size > 0) this.#emitOldest();
  }

  #tick(): void {
    this.#emitOldest();
    this.#timer = this.#waiting.size > 0 ? setTimeout(() => this.#tick(), INTERVAL_MS) : undefined;
  }

  #emitOldest(): void {
    for (const [stream, text] of this.#waiting) {
      this.#waiting.delete(stream);
      this.#listener(stream, text);
      return;
    }
  }
}
