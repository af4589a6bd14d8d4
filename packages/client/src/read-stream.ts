import { type Frame, parseFrame } from "./frame.ts";
import { SseParser } from "./sse-parser.ts";

/** One connection to an event stream, from the request to its end. */
export interface ReadStream {
  readonly url: string;
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>>;
  /** Aborting it ends the connection; the watchdog does so too. */
  readonly connection: AbortController;
  readonly silenceMs: number;
  readonly onOpen: () => void;
  readonly onAlive: () => void;
  readonly onRetry: (ms: number) => void;
  readonly onMessageId: (id: string) => void;
  readonly onFrame: (frame: Frame) => void;
}

/** Resolves to `"broken"` when the stream ended or failed, else to the response that is no stream. */
export async function readStream(options: ReadStream): Promise<Response | "broken"> {
  const watchdog = startWatchdog(options);
  try {
    const response = await connect(options);
    if (response === undefined) return "broken";
    if (response.status !== 200 || !response.body) return response;
    // A captive portal or a proxy's page answers 200 as well; what it says is not the conversation.
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return "broken";
    options.onOpen();
    await readBody(response.body, options, watchdog.feed);
    return "broken";
  } finally {
    watchdog.stop();
  }
}

async function connect(options: ReadStream): Promise<Response | undefined> {
  const headers = { accept: "text/event-stream", ...options.headers };
  const { signal } = options.connection;
  try {
    return await options.fetch(options.url, { headers, signal, cache: "no-store" });
  } catch {
    // No answer: the network's or the server's absence, which the caller waits out.
    return undefined;
  }
}

async function readBody(body: ReadableStream<Uint8Array>, options: ReadStream, feed: () => void): Promise<void> {
  const parser = new SseParser();
  const reader = body.getReader();
  for (;;) {
    // A broken connection rejects; only that is caught, never what a frame's receiver throws.
    const chunk = await reader.read().catch(() => undefined);
    if (!chunk || chunk.done || options.connection.signal.aborted) return;
    feed();
    options.onAlive();
    const messages = parser.push(chunk.value);
    if (parser.retryMs !== undefined) options.onRetry(parser.retryMs);
    for (const { id, data } of messages) {
      if (options.connection.signal.aborted) return;
      const frame = parseFrame(id, data);
      if (frame) options.onFrame(frame);
      if (id !== "") options.onMessageId(id);
    }
  }
}

/**
 * Ends a connection that has been silent too long: a sleeping laptop or a lost route leaves it open for ever. Looks at
 * the clock at intervals instead of setting one long timer, because timers stand still while the machine sleeps.
 */
function startWatchdog(options: ReadStream): { feed: () => void; stop: () => void } {
  let lastAliveAt = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - lastAliveAt > options.silenceMs) options.connection.abort(new Error("the stream fell silent"));
  }, options.silenceMs / 8);
  return {
    feed: () => {
      lastAliveAt = Date.now();
    },
    stop: () => clearInterval(timer),
  };
}
