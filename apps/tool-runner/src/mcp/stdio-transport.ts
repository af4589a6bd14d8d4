import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import type { Logger } from "@holdfast/telemetry";
import { JSON_WITHOUT_HEADER } from "./content-length-parser.ts";
import { CLOSED_OUTPUT, describeExit, watchDeath } from "./death-watch.ts";
import { errorOf } from "./error-text.ts";
import { readFairly } from "./fair-reading.ts";
import type { Frame, FrameParser } from "./frame.ts";
import { createParser, encodeMessage, MAX_MESSAGE_BYTES, type Framing } from "./framing.ts";
import { localError, NotSentError } from "./local-error.ts";
import { LoneWrites } from "./lone-writes.ts";
import {
  endGroup,
  hasExited,
  SERVING_PATIENCE,
  STARTING_PATIENCE,
  spawnGroup,
  type Command,
  type Patience,
  type ServerProcess,
} from "./process-group.ts";
import { StderrTail } from "./stderr-tail.ts";

export interface StdioOptions extends Command {
  readonly framing: Framing;
  readonly logger: Logger;
  readonly maxMessageBytes?: number;
  /** Milliseconds a begun Content-Length frame may stand still; default 10000. */
  readonly stallMs?: number;
  /** The output shows the marks of the other framing. */
  readonly onForeignFraming?: () => void;
}

const STALL_MS = 10_000;
/** For a write into the pipe of a dead server to fail; only a server that lives and does not read lets it wait. */
const UNSENT_PATIENCE_MS = 100;

/** More answers than can be due at a time. */
const MAX_BATCH = 1000;
/** A server that asks and does not read what it is answered gets no more answers. */
const MAX_UNREAD_ANSWERS_BYTES = 1024 * 1024;
/**
 * MCP over a child process's stdin and stdout, in either framing. The process runs in a group of its own, with exactly
 * the environment given and without a shell. The connection is lost, and `onclose` called, as soon as the process exits,
 * its stdout ends, or its stream stops making sense; what is left of the group is then ended in the background, and
 * `close()` resolves when it is gone.
 * The SDK takes a transport for stdio by its properties `pid` and `stderr`.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: NonNullable<Transport["onmessage"]>;
  readonly stderr = null;
  readonly #options: StdioOptions;
  readonly #stderrTail: StderrTail;
  readonly #parser: FrameParser;
  #child: ServerProcess | undefined;
  #writes: LoneWrites | undefined;
  #stallTimer: NodeJS.Timeout | undefined;
  #ending: Promise<void> | undefined;
  #loss: string | undefined;
  #heardMessages = 0;
  #noiseFrames = 0;
  #sawForeignFraming = false;
  #patience: Patience = STARTING_PATIENCE;

  constructor(options: StdioOptions) {
    this.#options = options;
    this.#stderrTail = new StderrTail(options.logger);
    this.#parser = createParser(options.framing, options.maxMessageBytes ?? MAX_MESSAGE_BYTES);
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Messages understood so far. None after a while means that the server speaks another framing, or nothing at all. */
  get heardMessages(): number {
    return this.#heardMessages;
  }

  get noiseFrames(): number {
    return this.#noiseFrames;
  }

  /** True when stdout showed the other framing's marks. */
  get sawForeignFraming(): boolean {
    return this.#sawForeignFraming;
  }

  /** Why the connection was lost, with the last lines of stderr; undefined while it holds and after a wanted close. */
  get lossReason(): string | undefined {
    if (this.#loss === undefined) return undefined;
    // On a busy machine an exit is heard of long after the end of stdout: its code says more.
    const exitCode = this.#loss === CLOSED_OUTPUT ? (this.#child?.exitCode ?? undefined) : undefined;
    return `it ${this.#loss}${exitCode === undefined ? "" : ` and exited with code ${exitCode}`}${this.diagnostics}`;
  }

  /** The last lines of stderr as the end of a sentence; empty when there are none. */
  get diagnostics(): string {
    const said = this.#stderrTail.summary();
    return said === "" ? "" : `; stderr: ${said}`;
  }

  async start(): Promise<void> {
    const child = await spawnGroup(this.#options);
    this.#child = child;
    this.#writes = new LoneWrites(child.stdin);
    child.stderr.on("data", (chunk: Buffer) => this.#stderrTail.push(chunk));
    readFairly(child.stdout, (chunk) => this.#onData(chunk));
    child.stdout.once("end", () => this.#deliver(this.#parser.end()));
    watchDeath(child, (how) => this.#lose(how));
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      stream.on("error", (error: Error) => this.onerror?.(error));
    }
    child.on("error", (error) => this.onerror?.(error));
    if (this.#ending === undefined) return;
    this.#ending = endGroup(child, this.#patience).then(() => destroyStreams(child));
    throw new NotSentError("closed while it was starting");
  }

  send(message: JSONRPCMessage): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.#writes === undefined || this.#ending !== undefined || hasExited(child)) {
      return Promise.reject(new NotSentError("the server is not running"));
    }
    if (!("method" in message) && this.#writes.waitingBytes > MAX_UNREAD_ANSWERS_BYTES) return Promise.resolve();
    return this.#writes.write(encodeMessage(this.#options.framing, message));
  }

  /** The handshake is done: from here on the server may have state to save, and gets time for it at its end. */
  markServing(): void {
    this.#patience = SERVING_PATIENCE;
  }

  /** Ends the process and everything it started; resolves when it is gone. */
  close(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && hasExited(child)) this.#lose(describeExit(child));
    else if (this.#ending === undefined) this.#end();
    return this.#ending ?? Promise.resolve();
  }

  #onData(chunk: Buffer): void {
    if (this.#ending !== undefined) return;
    this.#deliver(this.#parser.push(chunk));
    clearTimeout(this.#stallTimer);
    if (!this.#parser.owesBytes || this.#ending !== undefined) return;
    const stallMs = this.#options.stallMs ?? STALL_MS;
    this.#stallTimer = setTimeout(() => this.#lose(`stopped ${stallMs} ms inside a frame`), stallMs).unref();
  }

  #deliver(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (this.#ending !== undefined) return;
      this.#take(frame);
    }
  }

  #take(frame: Frame): void {
    switch (frame.kind) {
      case "message":
        this.#heardMessages += 1;
        // Batches existed in one revision of the protocol (2025-03-26).
        for (const message of Array.isArray(frame.value) ? frame.value.slice(0, MAX_BATCH) : [frame.value]) {
          this.#receive(message);
        }
        return;
      case "noise":
        this.#noiseFrames += 1;
        if (/^content-length:\s*\d+\s*$/i.test(frame.sample)) this.#noticeForeignFraming();
        return;
      case "oversize":
        this.onerror?.(new Error(`skipped a message of ${frame.bytes} bytes`));
        if (frame.id !== undefined) {
          this.#receive(
            localError(frame.id, "oversize", `the response has ${frame.bytes} bytes, more than is accepted`),
          );
        }
        return;
      case "fatal":
        if (frame.reason === JSON_WITHOUT_HEADER) this.#noticeForeignFraming();
        this.#lose(`broke its framing (${frame.reason})`);
    }
  }

  #noticeForeignFraming(): void {
    this.#sawForeignFraming = true;
    this.#options.onForeignFraming?.();
  }

  #receive(message: unknown): void {
    try {
      this.onmessage?.(message as JSONRPCMessage);
    } catch (error) {
      this.onerror?.(errorOf(error));
    }
  }

  #lose(reason: string): void {
    if (this.#ending !== undefined) return;
    this.#loss = reason;
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#stallTimer);
    const child = this.#child;
    this.#ending =
      child === undefined ? Promise.resolve() : endGroup(child, this.#patience).then(() => destroyStreams(child));
    // The SDK takes the end of the connection as the end of all requests: those that never went out hear that first.
    void (this.#writes?.settled(UNSENT_PATIENCE_MS) ?? Promise.resolve()).then(() => this.onclose?.());
  }
}

function destroyStreams({ stdin, stdout, stderr }: ServerProcess): void {
  for (const stream of [stdin, stdout, stderr]) stream.destroy();
}
