import { type IncomingMessage, request as requestPlain, type RequestOptions } from "node:http";
import { request as requestSecure } from "node:https";

/**
 * What the openai SDK needs of `fetch`, on node:http: its own costs most of what a token costs, in web streams.
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

const MOST_REDIRECTS = 5;

export async function leanFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  if (input instanceof Request) throw new TypeError("only an address can be fetched here");
  const { body } = init;
  if (body !== undefined && body !== null && typeof body !== "string") throw new TypeError("only text can be sent");
  const headers = { "accept-encoding": "identity", ...Object.fromEntries(new Headers(init.headers)) };
  let url = new URL(input);
  for (let redirects = 0; ; redirects += 1) {
    const incoming = await open(url, init, headers);
    const target = redirectOf(incoming);
    if (target === undefined) return answered(incoming);
    incoming.destroy();
    if (redirects === MOST_REDIRECTS) throw new TypeError("too many redirects");
    const next = new URL(target, url);
    if (next.origin !== url.origin) for (const name of ["authorization", "cookie"]) delete headers[name as never];
    url = next;
  }
}

async function open(url: URL, init: RequestInit, headers: Record<string, string>): Promise<IncomingMessage> {
  const { method = "GET", signal, body } = init;
  const options: RequestOptions = { method, headers, ...(signal ? { signal } : {}) };
  for (let isSecondTry = false; ; isSecondTry = true) {
    // A connection of its own, the second time.
    const sent = send(url, isSecondTry ? { ...options, agent: false } : options, body as string | undefined);
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

function send(url: URL, options: RequestOptions, body: string | undefined): Sent {
  const request = (url.protocol === "https:" ? requestSecure : requestPlain)(url, options);
  request.setNoDelay(true);
  const incoming = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    // Stays: what goes wrong later belongs to the reader of the answer, and is told there.
    request.on("error", reject);
  });
  request.end(body);
  return { incoming, isReused: () => request.reusedSocket };
}

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
