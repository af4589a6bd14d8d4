import { Client, type FetchLike } from "@modelcontextprotocol/client";
import type { Logger } from "@holdfast/telemetry";
import type { CallsInFlight } from "./calls-in-flight.ts";
import { errorOf } from "./error-text.ts";
import type { Framing } from "./framing.ts";
import type { Sandboxes } from "./sandboxes.ts";

/** An MCP session that has shaken hands. */
export interface Connection {
  readonly client: Client;
  readonly wire: Framing | "http" | "sse";
  /** Who may be asked what the server wants to know. */
  readonly calls: CallsInFlight;
  /** Of a server process. */
  readonly pid?: number;
  /** Resolves once, with the reason, when the session is over: lost or closed. */
  readonly ended: Promise<string>;
  isOpen(): boolean;
  /** Ends the session and everything it started. */
  close(): Promise<void>;
}

export interface ConnectDeps {
  readonly logger: Logger;
  /** The server says that its tools changed. */
  readonly onToolsChanged: () => void;
  /** Something of the server's was left out; one sentence. */
  readonly onProblem: (problem: string) => void;
  /** Where servers run whose configuration asks for a sandbox. */
  readonly sandboxes: Sandboxes;
  /** How long what a server asks lives; default ten minutes. */
  readonly questionExpiryMs: number | undefined;
  /** Ends every try at once. */
  readonly signal: AbortSignal;
  /** How requests leave over HTTP; the conformance client signs in here. */
  readonly fetch?: FetchLike;
}

/** A session that could not be made. The message is fit to be shown: why, and the last lines of stderr. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  /** The server wants credentials we do not have. */
  readonly needsAuthorization: boolean;
  /** Trying again will not help: somebody has to change the configuration or the machine. */
  readonly isFinal: boolean;

  constructor(
    message: string,
    options: ErrorOptions & { readonly needsAuthorization?: boolean; readonly isFinal?: boolean } = {},
  ) {
    super(message, options);
    this.needsAuthorization = options.needsAuthorization ?? false;
    this.isFinal = options.isFinal ?? false;
  }
}

const CLIENT_INFO = { name: "holdfast", version: "0.1.0" };
const LISTEN_ACK_MS = 5000;

/**
 * A client that answers sampling and roots by "method not found", and a form by what the human of the call in flight says.
 * What a server of 2026-07-28 wants to know stands in the answer to a call, and is answered there (`exchange.ts`). `probeMs`
 * undefined speaks only the era of `initialize`. A server that may not ask is told that nobody can be asked.
 */
export function newClient(
  deps: ConnectDeps,
  calls: CallsInFlight,
  { mayAsk }: { readonly mayAsk: boolean },
  probeMs?: number,
): Client {
  const client = new Client(CLIENT_INFO, {
    capabilities: mayAsk ? { elicitation: { form: {} } } : {},
    inputRequired: { autoFulfill: false },
    ...(probeMs !== undefined && { versionNegotiation: { mode: "auto", probe: { timeoutMs: probeMs } } }),
  });
  if (mayAsk) {
    client.setRequestHandler("elicitation/create", (_request, { mcpReq }) => calls.ask(mcpReq.id, mcpReq.signal));
  }
  client.setNotificationHandler("notifications/tools/list_changed", deps.onToolsChanged);
  // What the SDK reports here quotes messages; only its first words are ours to log.
  client.onerror = (error) => deps.logger.debug("mcp protocol error", { reason: error.message.split(":", 1)[0] });
  return client;
}

/** Watches the end of a session from before its handshake. `describe` is asked for the reason when it comes. */
export function watchEnd(client: Client, describe: () => string): { ended: Promise<string>; isOpen: () => boolean } {
  let isOpen = true;
  const ended = new Promise<string>((resolve) => {
    client.onclose = () => {
      isOpen = false;
      resolve(describe());
    };
  });
  return { ended, isOpen: () => isOpen };
}

/** In the era of 2026-07-28 changes are told only to who asked. Does not wait: a server that never acknowledges costs nothing. */
export function listenForChanges({ client, logger }: { client: Client; logger: Logger }): void {
  if (client.getProtocolEra() !== "modern" || client.getServerCapabilities()?.tools?.listChanged !== true) return;
  client.listen({ toolsListChanged: true }, { timeout: LISTEN_ACK_MS }).catch((error: unknown) => {
    logger.debug("server does not announce tool changes", { reason: errorOf(error).name });
  });
}
