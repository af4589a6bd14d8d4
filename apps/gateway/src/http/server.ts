import { createServer, type RequestListener, type Server } from "node:http";
import { once } from "node:events";

/** Longer than proxies keep an idle connection, so that it is they who close it, never under a request of theirs. */
const KEEP_ALIVE_MS = 65_000;
const REQUEST_MS = 30_000;
const LOOK_EVERY_MS = 50;

export function createHttpServer(listener: RequestListener): Server {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_MS, noDelay: true }, listener);
  return server;
}

/** Stops listening, lets answers in progress finish, and ends streams by `endStreams`. Resolves when no connection is left. */
export async function closeHttpServer(server: Server, endStreams: () => Promise<void>): Promise<void> {
  const closed = once(server, "close");
  server.close();
  // A connection whose answer is finished turns idle only then, and would be kept for the next request.
  const idle = setInterval(() => server.closeIdleConnections(), LOOK_EVERY_MS);
  await endStreams();
  await closed;
  clearInterval(idle);
}
