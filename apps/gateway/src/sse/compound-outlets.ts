import { type EntryPosition, parseEntryId } from "@holdfast/protocol";
import type { LogLine } from "@holdfast/bus";
import { formatCompoundId, hashOf } from "./compound-id.ts";
import { Frames, frameText } from "./frames.ts";
import type { LineBatch } from "./line-batch.ts";
import { mergeTokens } from "./merge-tokens.ts";
import type { Outlet } from "./outlet.ts";
import type { SseConnection } from "./sse-connection.ts";

/**
 * One connection that several conversations share. Every frame's id says where the reader stands in all of them, so it
 * is made per connection: frames cannot be shared with other readers here. What several conversations say in one tick goes out
 * in one write.
 */
export class CompoundOutlets {
  readonly #connection: SseConnection;
  readonly #conversationIds: readonly string[];
  readonly #positions: EntryPosition[];
  #hash: string;
  #open: number;
  #text = "";

  /** `positions` by conversation, `seq` 0 where it is read from its beginning. */
  constructor(connection: SseConnection, conversationIds: readonly string[], positions: readonly EntryPosition[]) {
    this.#connection = connection;
    this.#conversationIds = conversationIds;
    this.#positions = [...positions];
    this.#hash = this.#currentHash();
    this.#open = conversationIds.length;
  }

  get id(): string {
    return formatCompoundId(this.#hash, this.#positions);
  }

  outlet(at: number): Outlet {
    const connection = this.#connection;
    let isEnded = false;
    return {
      get isOpen() {
        return !isEnded && connection.isOpen;
      },
      get isOverdue() {
        return connection.isOverdue;
      },
      drained: () => {
        this.#flush();
        return connection.drained();
      },
      write: (batch, isReplay) => this.#write(at, batch, isReplay),
      say: (position, payload) => this.#send(this.#frame(at, position, payload)),
      end: () => {
        if (isEnded) return;
        isEnded = true;
        this.#open -= 1;
        if (this.#open > 0) return;
        this.#flush();
        connection.end();
      },
      destroy: () => connection.destroy(),
    };
  }

  #write(at: number, batch: LineBatch, isReplay: boolean): void {
    const lines: readonly LogLine[] = isReplay ? mergeTokens(batch.lines) : batch.lines;
    let text = "";
    for (const { id, payload } of lines) text += this.#frame(at, parseEntryId(id), payload);
    this.#send(text);
  }

  #send(text: string): void {
    if (this.#text === "") queueMicrotask(() => this.#flush());
    this.#text += text;
  }

  #flush(): void {
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#connection.write(new Frames(text));
  }

  #frame(at: number, position: EntryPosition, payload: string): string {
    const isOtherEpoch = this.#positions[at]?.epoch !== position.epoch;
    this.#positions[at] = position;
    if (isOtherEpoch) this.#hash = this.#currentHash();
    return frameText(this.id, payload);
  }

  #currentHash(): string {
    return hashOf(
      this.#conversationIds,
      this.#positions.map(({ epoch }) => epoch),
    );
  }
}
