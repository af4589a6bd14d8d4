import { type ClientRequest, get, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { until } from "@holdfast/testing";

export interface ReadFrame {
  readonly id: string;
  readonly event: Readonly<Record<string, unknown>> & { readonly event: string };
}

/** A reader of one stream over a real socket: what arrived, as it arrived. */
export class SseReader {
  readonly frames: ReadFrame[] = [];
  readonly comments: string[] = [];
  readonly fields: string[] = [];
  /** The texts of all tokens, joined. */
  text = "";
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Set when the response is over: cleanly or by a broken connection. */
  ended: "end" | "broken" | undefined;
  readonly #request: ClientRequest;
  readonly #response: IncomingMessage;
  #rest = "";

  static open(url: string, headers: Record<string, string> = {}): Promise<SseReader> {
    return new Promise((resolve, reject) => {
      const request = get(url, { headers, agent: false }, (response) => resolve(new SseReader(request, response)));
      request.once("error", reject);
    });
  }

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    response.setEncoding("utf8");
    response.on("data", (text: string) => this.#take(text));
    response.once("end", () => (this.ended ??= "end"));
    response.once("error", () => (this.ended ??= "broken"));
    response.once("close", () => (this.ended ??= "broken"));
    request.on("error", () => (this.ended ??= "broken"));
  }

  get ids(): string[] {
    return this.frames.map(({ id }) => id);
  }

  get events(): string[] {
    return this.frames.map(({ event }) => event.event);
  }

  get lastId(): string {
    return this.frames.at(-1)?.id ?? "";
  }

  async untilText(text: string): Promise<void> {
    await until(() => this.text === text, { what: `text is ${text.slice(0, 80)}, not ${this.text.slice(0, 80)}` });
  }

  async untilEvent(event: string, status?: string): Promise<void> {
    const matches = (frame: ReadFrame) =>
      frame.event.event === event && (status ?? frame.event["status"]) === frame.event["status"];
    await until(() => this.frames.some(matches), { what: `${event} ${status ?? ""} arrives` });
  }

  async untilEnded(): Promise<"end" | "broken"> {
    return until(() => this.ended, { what: "the stream is over" });
  }

  /** Stops taking bytes from the socket. */
  pause(): void {
    this.#response.socket.pause();
  }

  resume(): void {
    this.#response.socket.resume();
  }

  /** Breaks the connection. */
  drop(): void {
    this.#request.destroy();
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) this.#takeBlock(block);
  }

  #takeBlock(block: string): void {
    const lines = block.split("\n");
    const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
    const id = lines.find((line) => line.startsWith("id: "))?.slice(4) ?? "";
    if (block.startsWith(":")) this.comments.push(block);
    else if (data.length === 0) this.fields.push(...lines);
    else this.#takeEvent(id, JSON.parse(data.join("\n")) as ReadFrame["event"]);
  }

  #takeEvent(id: string, event: ReadFrame["event"]): void {
    this.frames.push({ id, event });
    if (event.event === "token") this.text += String(event["text"]);
  }
}
