import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Frames } from "./frames.ts";

/**
 * One reader's response; the only place that writes to its socket.
 *
 * - Headers leave at once, `retry:` first, with jitter so that readers do not come back in step.
 * - Frames go straight to the socket in one write: the response's own framing would cost two more per event.
 * - A reader that does not drain is destroyed, never ended: a clean end in the middle of a run would look like its end.
 */
const RETRY_MS = 1_000;
const RETRY_JITTER_MS = 200;
const STALL_MS = 30_000;
const HEARTBEAT = new Frames(": heartbeat\n\n");

export interface SseConnectionOptions {
  readonly response: ServerResponse;
  /** A reader with more unread bytes than this is destroyed. */
  readonly bufferBytes: number;
  /** A reader that takes nothing of what waits for it for so long is destroyed. Default 30 000. */
  readonly stallMs?: number;
  /** Called once, whoever ended it. */
  readonly onClose: () => void;
}

export class SseConnection {
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #isChunked: boolean;
  readonly #bufferBytes: number;
  readonly #stallMs: number;
  readonly #onClose: () => void;
  #isOpen = true;
  #drainedBytes = -1;
  #stalledSince = 0;

  /** Undefined where the client has gone already. */
  static open(options: SseConnectionOptions): SseConnection | undefined {
    const { socket } = options.response;
    if (!socket || socket.destroyed) return undefined;
    return new SseConnection(options, socket);
  }

  private constructor({ response, bufferBytes, stallMs = STALL_MS, onClose }: SseConnectionOptions, socket: Socket) {
    this.#response = response;
    this.#socket = socket;
    this.#bufferBytes = bufferBytes;
    this.#stallMs = stallMs;
    this.#onClose = onClose;
    // What else is said in this turn goes with the headers, in one write.
    socket.cork();
    process.nextTick(() => socket.uncork());
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
    response.flushHeaders();
    this.#isChunked = response.chunkedEncoding;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    // Read to its end, the request has nothing left to break off: when the reader leaves, an error with a stack would say so.
    response.req.resume();
    response.once("close", this.#closed);
  }

  /** The first bytes: the reader's waiting time before it reconnects and, where it starts at the newest, its cursor. */
  greet(cursor?: string): void {
    const retryMs = Math.round(RETRY_MS + (Math.random() * 2 - 1) * RETRY_JITTER_MS);
    this.write(new Frames(cursor === undefined ? `retry: ${retryMs}\n\n` : `retry: ${retryMs}\nid: ${cursor}\n\n`));
  }

  write(frames: Frames): void {
    if (this.#isOpen) this.#socket.write(this.#isChunked ? frames.chunk : frames.body);
  }

  /** More waits for the reader than it may leave unread. */
  get isOverdue(): boolean {
    return this.#socket.writableLength > this.#bufferBytes;
  }

  /** False once it was ended or destroyed, or the client has gone. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when everything written has left for the kernel, or the connection is closed. */
  async drained(): Promise<void> {
    if (!this.#isOpen || this.#socket.writableLength === 0) return;
    // An empty write's callback follows all bytes before it; `drain` would come only after a write that was refused.
    await new Promise<void>((resolve) => {
      this.#socket.write("", () => resolve());
    });
  }

  /** A comment, unless earlier bytes still wait. A reader that takes none of those for long is destroyed. */
  heartbeat(): void {
    const waiting = this.#socket.writableLength;
    const drainedBytes = this.#socket.bytesWritten - waiting;
    const now = performance.now();
    if (waiting === 0) this.write(HEARTBEAT);
    if (waiting === 0 || drainedBytes !== this.#drainedBytes) this.#stalledSince = now;
    else if (now - this.#stalledSince >= this.#stallMs) this.destroy();
    this.#drainedBytes = drainedBytes;
  }

  /** Ends the response cleanly: there is nothing more to say. */
  end(): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#response.end();
  }

  /** Breaks the connection: the reader comes back with its cursor. */
  destroy(): void {
    this.#close();
    this.#socket.destroy();
  }

  readonly #closed = (): void => this.#close();

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#response.off("close", this.#closed);
    this.#onClose();
  }
}
