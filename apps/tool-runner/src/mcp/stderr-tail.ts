import { redact, type Logger } from "@holdfast/telemetry";

const TAIL_BYTES = 16 * 1024;
const SHOWN_CHARACTERS = 400;
const CHUNKS_PER_SECOND = 5;
const LONGEST_LINE_BYTES = 4096;

/**
 * What a server says on stderr. It is always read, or the server blocks on a full pipe; the last 16 KB are kept to explain
 * a death; and at most a few pieces a second reach the log, redacted, so that a flood costs nothing.
 */
export class StderrTail {
  readonly #logger: Logger;
  readonly #now: () => number;
  #tail = Buffer.alloc(0);
  /** The line that has not ended yet, a character for each byte. */
  #unfinished = "";
  /** The first line of a private key whose end has not been seen. */
  #keyBegun = "";
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

  /** Whole lines only: half a secret is not known for one. */
  #log(chunk: Buffer): void {
    const text = this.#unfinished + chunk.toString("latin1");
    const end = text.lastIndexOf("\n") + 1;
    this.#unfinished = text.slice(end).slice(-LONGEST_LINE_BYTES);
    if (end === 0 || !this.#mayLog()) return;
    const lines = Buffer.from(text.slice(0, end).slice(-TAIL_BYTES), "latin1").toString("utf8");
    const shown = redact(this.#keyBegun + lines).trim();
    this.#keyBegun = /-----BEGIN [A-Z ]*PRIVATE KEY-----(?![\s\S]*-----END )/.exec(this.#keyBegun + lines)?.[0] ?? "";
    if (shown !== "") this.#logger.debug("server stderr", { text: shown.slice(0, SHOWN_CHARACTERS) });
  }

  #mayLog(): boolean {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      if (this.#suppressed > 0) this.#logger.debug("server stderr chunks not logged", { count: this.#suppressed });
      this.#second = second;
      this.#logged = 0;
      this.#suppressed = 0;
    }
    const mayLog = this.#logged < CHUNKS_PER_SECOND;
    this.#logged += mayLog ? 1 : 0;
    this.#suppressed += mayLog ? 0 : 1;
    return mayLog;
  }
}
