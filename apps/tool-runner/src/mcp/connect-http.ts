import {
  ClientCredentialsProvider,
  SdkHttpError,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type FetchLike,
  type Transport,
} from "@modelcontextprotocol/client";
import { redact } from "@holdfast/telemetry";
import type { HttpServer } from "./config.ts";
import { CallsInFlight } from "./calls-in-flight.ts";
import {
  ConnectError,
  listenForChanges,
  newClient,
  watchEnd,
  type ConnectDeps,
  type Connection,
} from "./connection.ts";
import { errorOf, messageOf } from "./error-text.ts";
import { LayeredTransport } from "./layered-transport.ts";
import { NumericIds } from "./numeric-ids.ts";
import { Sanitiser } from "./sanitise.ts";

const PROBE_MS = 5000;
const MESSAGE_CHARACTERS = 300;

type Way = "negotiate" | "initialize" | "sse";

/**
 * A session with a remote server: Streamable HTTP with the probe for the era of 2026-07-28, then with `initialize` alone,
 * then the older HTTP+SSE where the server refuses a POST. Rejects with a ConnectError.
 */
export async function connectHttp(server: HttpServer, deps: ConnectDeps): Promise<Connection> {
  const ways: readonly Way[] = server.isSse ? ["sse"] : ["negotiate", "initialize", "sse"];
  let first: unknown;
  for (const way of ways) {
    if (way === "sse" && !server.isSse && !isRefusal(first)) break;
    try {
      return await tryWay(server, way, deps);
    } catch (error) {
      if (isAuthorizationError(error)) {
        throw new ConnectError("it wants authorization", { cause: error, needsAuthorization: true });
      }
      first ??= error;
      // Nobody listens there: another way of asking finds nobody either.
      if (isUnreachable(error) || deps.signal.aborted) break;
    }
  }
  // Servers quote what they were sent, and what they say is shown.
  const reason = redact(messageOf(first)).slice(0, MESSAGE_CHARACTERS);
  throw new ConnectError(`it cannot be reached: ${reason}`, { cause: first });
}

async function tryWay(server: HttpServer, way: Way, deps: ConnectDeps): Promise<Connection> {
  const { logger } = deps;
  const calls = new CallsInFlight(logger, deps.questionExpiryMs);
  const transport = new LayeredTransport(wireTransport(server, way, deps.fetch), [
    new Sanitiser(deps.onProblem),
    new NumericIds(),
    calls,
  ]);
  const probeMs = way === "negotiate" ? Math.min(PROBE_MS, server.initTimeoutMs) : undefined;
  const client = newClient(deps, calls, server, probeMs);
  const { ended, isOpen } = watchEnd(client, () => "it was closed");
  void ended.then(() => calls.end());
  try {
    await client.connect(transport, { timeout: server.initTimeoutMs, signal: deps.signal });
  } catch (error) {
    await transport.close().catch(() => undefined);
    throw error;
  }
  listenForChanges({ client, logger });
  logger.info("mcp server connected", { transport: way, revision: client.getNegotiatedProtocolVersion() });
  return { client, calls, wire: way === "sse" ? "sse" : "http", ended, isOpen, close: () => client.close() };
}

function wireTransport({ url, headers, oauth }: HttpServer, way: Way, fetch: FetchLike | undefined): Transport {
  const options = {
    requestInit: { headers: { ...headers } },
    ...(fetch && { fetch }),
    ...(oauth && { authProvider: clientCredentials(oauth) }),
  };
  return way === "sse" ? new SSEClientTransport(url, options) : new StreamableHTTPClientTransport(url, options);
}

function clientCredentials({ client_id, client_secret, scope, issuer }: NonNullable<HttpServer["oauth"]>) {
  const credentials = { clientId: client_id, clientSecret: client_secret, ...(scope !== undefined && { scope }) };
  return new ClientCredentialsProvider({ ...credentials, ...(issuer !== undefined && { expectedIssuer: issuer }) });
}

function isAuthorizationError(error: unknown): boolean {
  if (error instanceof UnauthorizedError) return true;
  return error instanceof SdkHttpError && (error.status === 401 || error.status === 403);
}

/** An older server has no POST at its address, and says so by one of these. */
function isRefusal(error: unknown): boolean {
  return error instanceof SdkHttpError && [400, 404, 405, 406].includes(error.status);
}

/** True where a request provably never reached a server. */
export function isUnreachable(error: unknown): boolean {
  let cause: NodeJS.ErrnoException = errorOf(error);
  for (let depth = 0; depth < MAX_CAUSES; depth += 1) {
    if (UNREACHABLE_CODES.has(cause.code ?? "")) return true;
    if (cause.cause === undefined) return false;
    cause = errorOf(cause.cause);
  }
  return false;
}

const MAX_CAUSES = 8;
const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);
