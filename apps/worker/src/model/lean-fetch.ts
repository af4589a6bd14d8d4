import { type IncomingMessage, request as requestPlain, type RequestOptions } from "node:http";
import { request as requestSecure } from "node:https";
import { urlToHttpOptions } from "node:url";

/**
 * What a request to a model needs of `fetch`, on node:http: Node's own costs most of what a token costs, in web streams.
 *
 * - An answer that is a success is not read here: it is a `StreamedResponse`, whose `incoming` is for one reader.
 * - Connections are Node's own pool's, which honours NODE_USE_ENV_PROXY. One that the server closed while it was idle is
 *   replaced once, before anything of an answer came.
 * - Of redirects those that repeat the request are followed; credentials stay with the host they were meant for.
 */
export class StreamedResponse extends Response {
  readonly incoming: IncomingMessage;

  constructor(incoming: IncomingMessage, init: ResponseInit) {
    super(null, init);
    this.incoming = incoming;
  }
}

export interface LeanRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of this request alone: what aborts it later ends the reading of its answer. */
  readonly signal?: AbortSignal;
}

/** An address, taken apart once for all requests to it. */
export class Destination {
  readonly url: URL;
  readonly options: RequestOptions;

  constructor(url: string | URL) {
    this.url = new URL(url);
    this.options = urlToHttpOptions(this.url);
  }
}

const MOST_REDIRECTS = 5;

export async function leanFetch(destination: Destination, request: LeanRequest = {}): Promise<Response> {
  let headers: LeanRequest["headers"] = { "accept-encoding": "identity", ...request.headers };
  let to = destination;
  for (let redirects = 0; ; redirects += 1) {
    const incoming = await open(to, { ...request, headers });
    const target = redirectOf(incoming);
    if (target === undefined) return answered(incoming);
    incoming.destroy();
    if (redirects === MOST_REDIRECTS) throw new TypeError("too many redirects");
    const next = new Destination(new URL(target, to.url));
    if (next.url.origin !== to.url.origin) headers = withoutCredentials(headers);
    to = next;
  }
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(authorization|cookie)$/i.test(name)));
}

async function open(to: Destination, request: LeanRequest): Promise<IncomingMessage> {
  for (let isSecondTry = false; ; isSecondTry = true) {
    request.signal?.throwIfAborted();
    // A connection of its own, the second time.
    const sent = send(to, request, isSecondTry ? { agent: false } : {});
    try {
      return await sent.incoming;
    } catch (error) {
      if (isSecondTry || !sent.isReused() || (error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
    }
  }
}

interface Sent {
  readonly incoming: Promise<IncomingMessage>;
  readonly isReused: () => boolean;
}

function send(to: Destination, { method = "GET", headers, body, signal }: LeanRequest, more: RequestOptions): Sent {
  const begin = to.url.protocol === "https:" ? requestSecure : requestPlain;
  // Silence is the reader's matter: a limit of the pool's would be a timer to push on for every piece that arrives.
  const request = begin({ ...to.options, method, headers, timeout: 0, ...more });
  // Node's own `signal` option would follow the streams of both ways to their ends.
  const abort = (): void => void request.destroy(asError(signal?.reason));
  signal?.addEventListener("abort", abort, { once: true });
  // A signal that is made of others is kept for as long as somebody listens to it, and all that was said with it.
  request.once("close", () => signal?.removeEventListener("abort", abort));
  request.setNoDelay(true);
  const incoming = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    // Stays: what goes wrong later belongs to the reader of the answer, and is told there.
    request.on("error", reject);
  });
  request.end(body);
  return { incoming, isReused: () => request.reusedSocket };
}

const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error("aborted", { cause: reason });

function redirectOf({ statusCode, headers }: IncomingMessage): string | undefined {
  return statusCode === 307 || statusCode === 308 ? headers.location : undefined;
}

async function answered(incoming: IncomingMessage): Promise<Response> {
  const status = incoming.statusCode ?? 500;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(incoming.headersDistinct))
    for (const value of values) headers.append(name, value);
  const init = { status, statusText: incoming.statusMessage ?? "", headers };
  if (status >= 200 && status < 300) return new StreamedResponse(incoming, init);
  let text = "";
  for await (const piece of incoming.setEncoding("utf8")) text += String(piece);
  return new Response(text === "" ? null : text, init);
}
