import { redact, type Logger } from "@holdfast/telemetry";

const TAIL_BYTES = 16 * 1024;
const SHOWN_CHARACTERS = 400;
const LINES_PER_SECOND = 5;
const LINE_CHARACTERS = 300;

/**
 * What a server says on stderr. It is always read, or the server blocks on a full pipe; the last 16 KB are kept to explain
 * a death; and at most a few lines a second reach the log, redacted, so that a flood costs nothing.
 */
export class StderrTail {
  readonly #logger: Logger;
  readonly #now: () => number;
  #tail = Buffer.alloc(0);
  #second = 0;
  #logged = 0;
  #suppressed = 0;

  constructor(logger: Logger, now: () => number = Date.now) {
    this.#logger = logger;
    this.#now = now;
  }

  push(chunk: Buffer): void {
    const kept = this.#tail.subarray(Math.max(0, this.#tail.length + chunk.length - TAIL_BYTES));
    this.#tail = Buffer.concat([kept, chunk.subarray(-TAIL_BYTES)]);
    this.#log(chunk);
  }

  /** The last lines, redacted, on one line; empty when the server said nothing. */
  summary(): string {
    const text = redact(this.#tail.toString("utf8"))
      .trim()
      .replace(/\s*\n\s*/g, " | ");
    return text.length <= SHOWN_CHARACTERS ? text : `…${text.slice(-SHOWN_CHARACTERS)}`;
  }

  #log(chunk: Buffer): void {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      if (this.#suppressed > 0) this.#logger.debug("server stderr chunks not logged", { count: this.#suppressed });
      this.#second = second;
      this.#logged = 0;
      this.#suppressed = 0;
    }
    if (this.#logged >= LINES_PER_SECOND) {
      this.#suppressed += 1;
      return;
    }
    this.#logged += 1;
    const text = redact(chunk.subarray(0, LINE_CHARACTERS).toString("utf8")).trim();
    if (text !== "") this.#logger.debug("server stderr", { text });
  }
}
