import { setTimeout as delay } from "node:timers/promises";
import type { Frame, StrictReader } from "./strict-reader.ts";

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 800;

/**
 * A user in front of a page: reads a conversation over SSE, and whenever the connection is lost opens it again, at the
 * other gateway and with `Last-Event-ID` (protocol §5.3).
 */
export class SseTail {
  readonly reader: StrictReader;
  /** performance.now() of everything that a waiting user would see move. */
  readonly movedAtMs: number[] = [];
  connections = 0;
  readonly #conversationId: string;
  readonly #gateways: readonly string[];
  readonly #abort = new AbortController();
  #at: number;
  #reading: Promise<void> | undefined;

  constructor(conversationId: string, gateways: readonly string[], first: number, reader: StrictReader) {
    this.#conversationId = conversationId;
    this.#gateways = gateways;
    this.#at = first;
    this.reader = reader;
  }

  /** The gateway it reads from now. */
  get gateway(): string {
    return this.#gateways[this.#at % this.#gateways.length] ?? "";
  }

  open(): void {
    this.#reading ??= this.#follow();
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#abort;
    let failures = 0;
    while (!signal.aborted) {
      const before = this.movedAtMs.length;
      await this.#readOnce(signal).catch(() => undefined);
      if (signal.aborted) return;
      failures = this.movedAtMs.length > before ? 0 : failures + 1;
      this.#at += 1;
      await delay(Math.min(FIRST_WAIT_MS * 2 ** failures, LONGEST_WAIT_MS));
    }
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    const { cursor } = this.reader;
    const response = await fetch(`${this.gateway}/v1/conversations/${this.#conversationId}/stream`, {
      signal,
      headers: cursor === "" ? {} : { "last-event-id": cursor },
    });
    // Before its first message is accepted the conversation is unknown: 404, as for every reader.
    if (!response.ok || !response.body) return void (await response.body?.cancel());
    this.connections += 1;
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of response.body) {
      const blocks = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    const fields = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), valueOf(line)]));
    const data = fields.get("data");
    if (data === undefined) return;
    const frame: Frame = { id: fields.get("id") ?? "", data };
    if (this.reader.read(frame)) this.movedAtMs.push(performance.now());
  }
}

function valueOf(line: string): string {
  const value = line.slice(line.indexOf(":") + 1);
  return value.startsWith(" ") ? value.slice(1) : value;
}
