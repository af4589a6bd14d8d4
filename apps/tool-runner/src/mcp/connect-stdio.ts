import { ProtocolError } from "@modelcontextprotocol/client";
import { z } from "zod";
import { environmentOf, isDirectory, type StdioServer } from "./config.ts";
import { CallsInFlight } from "./calls-in-flight.ts";
import {
  ConnectError,
  listenForChanges,
  newClient,
  watchEnd,
  type ConnectDeps,
  type Connection,
} from "./connection.ts";
import type { Grants } from "../terminal/launcher.ts";
import { errorOf } from "./error-text.ts";
import {
  LADDER_TIMES,
  nextRung,
  rungOf,
  type LadderTimes,
  type Rung,
  type RungFailure,
  type RungName,
} from "./ladder.ts";
import { LayeredStdioTransport } from "./layered-transport.ts";
import { NumericIds } from "./numeric-ids.ts";
import { Sanitiser } from "./sanitise.ts";
import { StdioTransport } from "./stdio-transport.ts";

export interface StdioConnectDeps extends ConnectDeps {
  readonly times?: LadderTimes;
  /** The rung that worked last time; tried alone at first. */
  readonly verdict?: RungName;
  readonly onVerdict: (rung: RungName | undefined) => void;
}

const MESSAGE_CHARACTERS = 300;

type Attempt =
  | { readonly connection: Connection }
  | { readonly connection?: undefined; readonly failure: RungFailure; readonly error: ConnectError };

/**
 * A session with a stdio server, by the first rung of the ladder that holds; rejects with a ConnectError. At most one
 * process of the server runs at any time: a rung is left only when its process is gone.
 */
export async function connectStdio(server: StdioServer, deps: StdioConnectDeps): Promise<Connection> {
  if (!isDirectory(server.cwd)) throw new ConnectError(`its working directory does not exist: ${server.cwd}`);
  const ready = { ...server, env: environment(server) };
  if (server.sandbox !== undefined) return connectEnclosed(ready, server.sandbox, deps);
  return (await tryVerdict(ready, deps)) ?? climb(ready, deps);
}

function environment(server: StdioServer): Readonly<Record<string, string>> {
  try {
    return environmentOf(server);
  } catch (cause) {
    throw new ConnectError(`its envFile cannot be read: ${server.envFile?.path}`, { cause });
  }
}

/** What the sandbox needs besides the process is there for all rungs, and until the session's process is gone. */
async function connectEnclosed(server: StdioServer, sandbox: Grants, deps: StdioConnectDeps): Promise<Connection> {
  const { command, release } = await deps.sandboxes.enclose(server, sandbox);
  const enclosed = { ...server, ...command };
  let connection: Connection;
  try {
    connection = (await tryVerdict(enclosed, deps)) ?? (await climb(enclosed, deps));
  } catch (error) {
    await release();
    throw error;
  }
  const { close } = connection;
  let ending: Promise<void> | undefined;
  const end = () => (ending ??= close().then(release));
  void connection.ended.then(end);
  return { ...connection, close: end };
}

/** The rung that worked last time, with the whole init timeout. Undefined: the server is no longer what it was. */
async function tryVerdict(server: StdioServer, deps: StdioConnectDeps): Promise<Connection | undefined> {
  if (deps.verdict === undefined) return undefined;
  const { silentMs: _all, ...rung } = rungOf(deps.verdict, server.framing, server.initTimeoutMs, timesOf(deps));
  const attempt = await tryRung(server, rung, deps);
  if (attempt.connection !== undefined) return attempt.connection;
  deps.onVerdict(undefined);
  if (attempt.failure.isUnstartable || attempt.failure.wasHeard) throw attempt.error;
  return undefined;
}

async function climb(server: StdioServer, deps: StdioConnectDeps): Promise<Connection> {
  const failed: (Attempt & { connection?: undefined })[] = [];
  for (;;) {
    if (deps.signal.aborted) throw new ConnectError("it was stopped while it was starting");
    const name = nextRung(
      server.framing,
      failed.map(({ failure }) => failure),
    );
    if (name === undefined) break;
    const attempt = await tryRung(server, rungOf(name, server.framing, server.initTimeoutMs, timesOf(deps)), deps);
    if (attempt.connection !== undefined) {
      // A slow or refused start says nothing about the next one; era and framing are what is worth remembering.
      deps.onVerdict(name === "patient" || name === "long-probe" ? "probe" : name);
      return attempt.connection;
    }
    failed.push(attempt);
  }
  // The error of a rung that was understood tells more than the silence of another.
  const telling = failed.find(({ failure }) => failure.wasHeard) ?? failed[0];
  throw telling?.error ?? new ConnectError("there is no way to connect");
}

function timesOf({ times }: StdioConnectDeps): LadderTimes {
  return times ?? LADDER_TIMES;
}

async function tryRung(server: StdioServer, rung: Rung, deps: StdioConnectDeps): Promise<Attempt> {
  const logger = deps.logger;
  const transport: StdioTransport = new StdioTransport({
    ...server,
    framing: rung.framing,
    logger,
    onForeignFraming: () => void (transport.heardMessages === 0 && transport.close()),
  });
  const calls = new CallsInFlight(logger, deps.questionExpiryMs);
  const layered = new LayeredStdioTransport(transport, [new Sanitiser(deps.onProblem), new NumericIds(), calls]);
  const client = newClient(deps, calls, server, rung.probeMs);
  const { ended, isOpen } = watchEnd(client, () => transport.lossReason ?? "it was closed");
  void ended.then(() => calls.end());
  const silence = watchSilence(transport, rung.silentMs);
  const stop = () => void transport.close();
  deps.signal.addEventListener("abort", stop, { once: true });
  try {
    await client.connect(layered, { timeout: server.initTimeoutMs - (rung.probeMs ?? 0) });
  } catch (error) {
    await transport.close();
    const hasDied = transport.lossReason !== undefined;
    return { failure: failureOf(rung.name, transport, error, hasDied), error: describe(transport, error) };
  } finally {
    clearTimeout(silence);
    deps.signal.removeEventListener("abort", stop);
  }
  transport.markServing();
  listenForChanges({ client, logger });
  logger.info("mcp server connected", { framing: rung.framing, revision: client.getNegotiatedProtocolVersion() });
  const close = async () => {
    if (rung.framing === "content-length" && isOpen()) {
      // Servers of this kind expect a `shutdown` before the end of stdin; the specification has none. Nothing waits for its answer.
      client.request({ method: "shutdown" }, z.looseObject({})).catch(() => undefined);
    }
    await transport.close();
  };
  const pid = transport.pid === null ? {} : { pid: transport.pid };
  return { connection: { client, calls, wire: rung.framing, ...pid, ended, isOpen, close } };
}

function watchSilence(transport: StdioTransport, silentMs: number | undefined): NodeJS.Timeout | undefined {
  if (silentMs === undefined) return undefined;
  return setTimeout(() => {
    if (transport.heardMessages === 0) void transport.close();
  }, silentMs).unref();
}

function failureOf(rung: RungName, transport: StdioTransport, error: unknown, hasDied: boolean): RungFailure {
  return {
    rung,
    isUnstartable: transport.pid === null,
    wasHeard: transport.heardMessages > 0,
    sawForeignFraming: transport.sawForeignFraming,
    hasDied,
    wasRefused: error instanceof ProtocolError,
  };
}

function describe(transport: StdioTransport, error: unknown): ConnectError {
  const cause = errorOf(error);
  if (transport.pid === null) {
    const code = (cause as NodeJS.ErrnoException).code ?? cause.name;
    return new ConnectError(`its command cannot be started (${code})`, { cause });
  }
  if (transport.lossReason !== undefined) return new ConnectError(transport.lossReason, { cause });
  if (transport.heardMessages === 0) {
    return new ConnectError(`it never answered the handshake${transport.diagnostics}`, { cause });
  }
  return new ConnectError(`its handshake failed: ${cause.message.slice(0, MESSAGE_CHARACTERS)}`, { cause });
}
