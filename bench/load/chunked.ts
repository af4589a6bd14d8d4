/**
 * Takes HTTP/1.1 chunks apart (RFC 9112 §7.1), however the bytes are cut. Text is latin1, so a character is a byte; the
 * measured answers are ASCII.
 */
export class ChunkedBody {
  #head = "";
  #left = 0;
  #state: "head" | "data" | "line break" | "end" = "head";

  get hasEnded(): boolean {
    return this.#state === "end";
  }

  /** What of the body came with these bytes. */
  feed(bytes: string): string {
    let body = "";
    let at = 0;
    while (at < bytes.length && this.#state !== "end") {
      if (this.#state === "data") {
        const piece = bytes.slice(at, at + this.#left);
        body += piece;
        at += piece.length;
        this.#left -= piece.length;
        if (this.#left === 0) this.#await("line break", 2);
      } else if (this.#state === "line break") {
        const skipped = Math.min(this.#left, bytes.length - at);
        at += skipped;
        this.#left -= skipped;
        if (this.#left === 0) this.#await("head", 0);
      } else {
        at = this.#readHead(bytes, at);
      }
    }
    return body;
  }

  #readHead(bytes: string, at: number): number {
    const end = bytes.indexOf("\n", at);
    this.#head += bytes.slice(at, end === -1 ? bytes.length : end);
    if (end === -1) return bytes.length;
    const size = Number.parseInt(this.#head, 16);
    this.#head = "";
    if (size === 0) this.#state = "end";
    else this.#await("data", size);
    return end + 1;
  }

  #await(state: "head" | "data" | "line break", left: number): void {
    this.#state = state;
    this.#left = left;
  }
}
