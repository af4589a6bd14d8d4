/**
 * Incremental reader of the `text/event-stream` of a model (WHATWG HTML §9.2), for text that arrives in any chunking: what it
 * needs and no more, since it runs for every token. Lines end in LF, CR or CRLF; comments, ids and retry times mean nothing here.
 */
export interface ModelEvent {
  /** Empty where the server names none. */
  readonly name: string;
  readonly data: string;
}

export class EventReader {
  #rest = "";
  #endedInCr = false;
  #name = "";
  #data: string | undefined;

  /** Feeds the next text and returns the events that became complete. */
  push(chunk: string): ModelEvent[] {
    const lines = this.#lines(chunk);
    this.#rest = lines.pop() ?? "";
    const events: ModelEvent[] = [];
    for (const line of lines) {
      if (line !== "") this.#field(line);
      else {
        if (this.#data !== undefined) events.push({ name: this.#name, data: this.#data });
        this.#name = "";
        this.#data = undefined;
      }
    }
    return events;
  }

  #lines(chunk: string): string[] {
    // The LF of a CRLF whose CR ended the chunk before: that line was finished already.
    const text = this.#endedInCr && chunk.startsWith("\n") ? chunk.slice(1) : chunk;
    this.#endedInCr = chunk.endsWith("\r");
    const whole = this.#rest === "" ? text : this.#rest + text;
    return whole.includes("\r") ? whole.split(/\r\n|\n|\r/) : whole.split("\n");
  }

  #field(line: string): void {
    if (line.startsWith("data:")) {
      const value = line.slice(line[5] === " " ? 6 : 5);
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    } else if (line.startsWith("event:")) this.#name = line.slice(line[6] === " " ? 7 : 6);
  }
}
