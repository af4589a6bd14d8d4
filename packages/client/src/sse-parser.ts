/**
 * Incremental parser of `text/event-stream` (WHATWG HTML §9.2), for bytes that arrive in any chunking.
 *
 * - Lines end in LF, CR or CRLF; a CRLF may be split between two chunks, and so may a UTF-8 character.
 * - A blank line dispatches what the `data:` lines gathered; without data nothing is dispatched.
 * - `id:` stays in force until the next one, as `EventSource` has it; one with a NUL is ignored.
 * - Comments (lines that begin with a colon) are dropped: to the reader they are only a sign of life.
 */
export interface SseMessage {
  /** The last event id in force when the message was dispatched; empty when none was sent. */
  readonly id: string;
  readonly data: string;
}

export class SseParser {
  /** Reconnection time the server asked for, in milliseconds. */
  retryMs: number | undefined;
  readonly #decoder = new TextDecoder("utf-8");
  #rest = "";
  #endedInCr = false;
  #id = "";
  #data: string | undefined;

  /** Feeds the next bytes and returns the messages that became complete. */
  push(chunk: Uint8Array): SseMessage[] {
    let text = this.#decoder.decode(chunk, { stream: true });
    if (text === "") return [];
    // The LF of a CRLF whose CR ended the chunk before: that line was finished already.
    if (this.#endedInCr && text.startsWith("\n")) text = text.slice(1);
    this.#endedInCr = text.endsWith("\r");

    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    const messages: SseMessage[] = [];
    for (const line of lines) {
      if (line === "") this.#dispatch(messages);
      else this.#field(line);
    }
    return messages;
  }

  #dispatch(messages: SseMessage[]): void {
    if (this.#data === undefined) return;
    messages.push({ id: this.#id, data: this.#data });
    this.#data = undefined;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon === -1 ? line : line.slice(0, colon);
    const start = line[colon + 1] === " " ? colon + 2 : colon + 1;
    const value = colon === -1 ? "" : line.slice(start);
    if (name === "data") this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}
