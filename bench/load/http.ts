/**
 * As little HTTP as measuring needs, so that the client costs the machine little: a streamed response is read from a bare
 * socket, everything else goes through `node:http` with connections that are kept.
 */
import { Agent, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { nowUs } from "../clock.ts";
import { ChunkedBody } from "./chunked.ts";
import { FrameSplitter } from "./frames.ts";

const agent = new Agent({ keepAlive: true });

export interface Reply {
  readonly status: number;
  readonly body: string;
}

export function postJson(url: string, body: unknown): Promise<Reply> {
  const payload = JSON.stringify(body);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(payload) };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(payload);
  });
}

export interface StreamHandlers {
  /** `atUs`: when the bytes with the event's end arrived. */
  readonly onFrame: (frame: string, atUs: number) => void;
  readonly onOpen?: () => void;
  /** The response is over, in whatever way; `status` is 0 where none came. Not called after `close()`. */
  readonly onEnd: (status: number) => void;
}

export interface StreamRequest {
  readonly url: string;
  /** Sent as JSON by POST; without one it is a GET. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface OpenStream {
  close(): void;
}

export function openStream({ url, body, headers = {} }: StreamRequest, handlers: StreamHandlers): OpenStream {
  const { hostname, port, pathname, search } = new URL(url);
  const payload = body === undefined ? "" : JSON.stringify(body);
  const lines = [
    `${body === undefined ? "GET" : "POST"} ${pathname}${search} HTTP/1.1`,
    `host: ${hostname}:${port}`,
    "accept: text/event-stream",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : ["content-type: application/json", `content-length: ${Buffer.byteLength(payload)}`]),
  ];
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.write(`${lines.join("\r\n")}\r\n\r\n${payload}`);
  return new Reading(socket, handlers);
}

class Reading implements OpenStream {
  readonly #socket: Socket;
  readonly #handlers: StreamHandlers;
  readonly #frames = new FrameSplitter();
  #head = "";
  #status = 0;
  #chunks: ChunkedBody | undefined;
  #isOver = false;

  constructor(socket: Socket, handlers: StreamHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.setEncoding("latin1");
    socket.on("data", (text) => this.#read(String(text)));
    socket.on("error", () => this.#end());
    socket.on("close", () => this.#end());
  }

  close(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #read(bytes: string): void {
    const atUs = nowUs();
    const rest = this.#status === 0 ? this.#readHead(bytes) : bytes;
    if (rest === undefined || this.#isOver) return;
    const body = this.#chunks ? this.#chunks.feed(rest) : rest;
    if (body !== "" && this.#status === 200) {
      this.#frames.feed(body, (frame) => {
        if (!this.#isOver) this.#handlers.onFrame(frame, atUs);
      });
    }
    if (this.#status !== 200 || this.#chunks?.hasEnded) this.#end();
  }

  /** What follows the head; undefined while it is not complete. */
  #readHead(bytes: string): string | undefined {
    this.#head += bytes;
    const end = this.#head.indexOf("\r\n\r\n");
    if (end === -1) return undefined;
    const head = this.#head.slice(0, end).toLowerCase();
    this.#status = Number(head.split(" ", 2)[1]);
    if (head.includes("\r\ntransfer-encoding: chunked")) this.#chunks = new ChunkedBody();
    if (this.#status === 200) this.#handlers.onOpen?.();
    return this.#head.slice(end + 4);
  }

  #end(): void {
    if (this.#isOver) return;
    this.close();
    this.#handlers.onEnd(this.#status);
  }
}
