import type { EntryPosition } from "@holdfast/protocol";
import { formatEntryId } from "@holdfast/protocol";
import { Frames, frameText } from "./frames.ts";
import type { LineBatch } from "./line-batch.ts";
import { mergeTokens } from "./merge-tokens.ts";
import type { SseConnection } from "./sse-connection.ts";

/** Where the lines of one conversation go: a connection of its own, or its part of one that it shares. */
export interface Outlet {
  /** False once it was ended or destroyed, or the client has gone. */
  readonly isOpen: boolean;
  /** More waits for the reader than it may leave unread. */
  readonly isOverdue: boolean;
  /** Resolves when everything written has left, or the connection is closed. */
  drained(): Promise<void>;
  /** What is live goes out as it is; of what is replayed, consecutive tokens are merged. */
  write(batch: LineBatch, isReplay: boolean): void;
  /** A frame that the gateway itself says. */
  say(position: EntryPosition, payload: string): void;
  /** There is nothing more to say. */
  end(): void;
  /** Breaks the connection: the reader comes back with its cursor. */
  destroy(): void;
}

/** A connection that one conversation has to itself: live frames are shared with every other reader of it. */
export class OwnOutlet implements Outlet {
  readonly #connection: SseConnection;

  constructor(connection: SseConnection) {
    this.#connection = connection;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  get isOverdue(): boolean {
    return this.#connection.isOverdue;
  }

  drained(): Promise<void> {
    return this.#connection.drained();
  }

  write(batch: LineBatch, isReplay: boolean): void {
    this.#connection.write(isReplay ? Frames.ofLines(mergeTokens(batch.lines)) : batch.frames);
  }

  say(position: EntryPosition, payload: string): void {
    this.#connection.write(new Frames(frameText(formatEntryId(position), payload)));
  }

  end(): void {
    this.#connection.end();
  }

  destroy(): void {
    this.#connection.destroy();
  }
}
