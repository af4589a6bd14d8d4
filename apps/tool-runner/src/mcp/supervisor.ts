import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@holdfast/telemetry";
import { abortable } from "./abortable.ts";
import { buildCatalog, type Catalog } from "./catalog.ts";
import { callsAtOnce, type ResolvedServer } from "./config.ts";
import { connectHttp } from "./connect-http.ts";
import { connectStdio } from "./connect-stdio.ts";
import { ConnectError, type ConnectDeps, type Connection } from "./connection.ts";
import { Entrance } from "./entrance.ts";
import { messageOf } from "./error-text.ts";
import { Health, type HealthReport } from "./health.ts";
import type { LadderTimes, RungName } from "./ladder.ts";
import { listTools } from "./list-tools.ts";
import { Problems } from "./problems.ts";
import { REMOTE, RestartPolicy } from "./restart-policy.ts";
import type { Sandboxes } from "./sandboxes.ts";
import { shownReason } from "./shown-reason.ts";
import { Slots } from "./slots.ts";
import { StartGate } from "./start-gate.ts";

/**
 * One server and its life. It is started once at the start of the host, and after a death only when a call needs it, no
 * sooner than the restart policy allows; its catalog stays on offer meanwhile. Only a server whose tools were never seen
 * is tried again by itself, because nobody can call what nobody sees. Nothing here waits for another server.
 */
export type ServerState =
  | "idle"
  | "starting"
  | "ready"
  /** Serving, but something of it was left out; `error` says what. */
  | "degraded"
  | "backoff"
  | "failed"
  | "auth_required"
  | "disabled";

/** A call cannot be made now; nothing was sent. */
export class ServerUnavailable extends Error {
  override readonly name = "ServerUnavailable";
}

export interface SupervisorOptions {
  readonly logger: Logger;
  readonly sandboxes: Sandboxes;
  /** State, error or tools changed. */
  readonly onChange: () => void;
  readonly policy?: Pick<RestartPolicy, "recordSuccess" | "recordDeath">;
  /** How long what a server asks lives; default ten minutes. */
  readonly questionExpiryMs?: number | undefined;
  readonly ladderTimes?: LadderTimes;
  readonly fetch?: ConnectDeps["fetch"];
}

const MAX_WAITING_CALLS = 256;
/** Tool changes are looked up at most twice a second, however often a server announces them. */
const REFRESH_MS = 500;

export class Supervisor {
  readonly server: ResolvedServer;
  readonly slots: Slots;
  readonly entrance: Entrance;
  readonly #options: SupervisorOptions;
  readonly #policy: Pick<RestartPolicy, "recordSuccess" | "recordDeath">;
  #state: ServerState = "idle";
  #error: string | undefined;
  #catalog: Catalog | undefined;
  /** Those whose processes may still run: also one that was lost, and one whose tools are not known yet. */
  readonly #open = new Set<Connection>();
  #connection: Connection | undefined;
  #starting: Promise<Connection> | undefined;
  #verdict: RungName | undefined;
  #problems = new Problems();
  readonly #gate = new StartGate();
  #retryTimer: NodeJS.Timeout | undefined;
  #refreshTimer: NodeJS.Timeout | undefined;
  #isStale = false;
  readonly #health = new Health();
  readonly #stop = new AbortController();

  constructor(server: ResolvedServer, options: SupervisorOptions) {
    this.server = server;
    this.#options = options;
    this.#policy =
      options.policy ??
      (server.kind === "http" ? new RestartPolicy(Date.now, Math.random, REMOTE) : new RestartPolicy());
    const limit = callsAtOnce(server, server.kind === "stdio" ? server.framing : server.kind);
    this.slots = new Slots(limit, MAX_WAITING_CALLS);
    this.entrance = new Entrance(limit);
  }

  get state(): ServerState {
    return this.#state;
  }

  get error(): string | undefined {
    return this.#error;
  }

  get catalog(): Catalog {
    return this.#catalog ?? new Map();
  }

  get health(): HealthReport {
    return this.#health.report(this.#connection);
  }

  /** An operator wants it anew: whatever it is doing is ended, and no earlier failure keeps it from starting. */
  async restart(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    if (this.#stop.signal.aborted) return;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#gate.open();
    this.#policy.recordSuccess();
    await connection?.close().catch(() => undefined);
    await this.start();
  }

  /** The first start. Resolves when it is decided, either way. */
  async start(): Promise<void> {
    await this.#start().catch(() => undefined);
  }

  /** An open session, started where needed; rejects with ServerUnavailable, or with the signal's reason. */
  async session(signal: AbortSignal): Promise<Connection> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#stop.signal.aborted) throw new ServerUnavailable("the server was taken out of the configuration");
      if (this.#connection?.isOpen() === true) return this.#connection;
      const { waitMs, isWorthWaiting } = this.#gate;
      if (this.#starting === undefined && waitMs > 0) {
        if (!isWorthWaiting) throw new ServerUnavailable(this.#error ?? this.#state);
        await delay(waitMs, undefined, { signal });
      } else {
        await abortable(this.#start(), signal).catch((error: unknown) => {
          if (!(error instanceof ServerUnavailable) || !this.#gate.isWorthWaiting) throw error;
        });
      }
    }
  }

  /** A call was answered: whatever the server did before, it works. */
  recordSuccess(latencyMs: number): void {
    this.#policy.recordSuccess();
    this.#health.answered(latencyMs);
  }

  /** A session over HTTP has no end to notice: its caller learnt that it is gone. */
  dropSession(connection: Connection, reason: string): void {
    if (this.#connection !== connection) return;
    this.#onEnd(connection, reason);
    void connection.close().catch(() => undefined);
  }

  /** No new session from now on; what runs may finish within `graceMs`, then the server is ended, with what it asks. */
  async retire(graceMs: number): Promise<void> {
    const deadline = Date.now() + graceMs;
    while (this.slots.inUse > 0 && Date.now() < deadline) await delay(50);
    await this.close();
  }

  /** Ends the server; calls in flight end with their outcome unknown. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#refreshTimer);
    await Promise.all([...this.#open].map((connection) => connection.close().catch(() => undefined)));
    await this.#starting?.catch(() => undefined);
    this.#connection = undefined;
    this.#become("disabled");
  }

  #start(): Promise<Connection> {
    this.#starting ??= this.#tryToStart().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #tryToStart(): Promise<Connection> {
    clearTimeout(this.#retryTimer);
    this.#become("starting", this.#error);
    let connection: Connection | undefined;
    try {
      connection = await this.#connect();
      this.#keepUntilGone(connection);
      await this.#load(connection);
      this.#stop.signal.throwIfAborted();
    } catch (error) {
      await connection?.close().catch(() => undefined);
      const connectError = error instanceof ConnectError ? error : undefined;
      this.#gate.failed({ isFinal: connectError?.isFinal === true || connectError?.needsAuthorization === true });
      const reason = shownReason(messageOf(error));
      this.#rest(reason, connectError);
      throw new ServerUnavailable(reason, { cause: error });
    }
    this.#gate.succeeded();
    this.#connection = connection;
    this.#health.started();
    for (const places of [this.slots, this.entrance]) places.setLimit(callsAtOnce(this.server, connection.wire));
    this.#settle();
    void connection.ended.then((reason) => this.#onEnd(connection, reason));
    return connection;
  }

  #keepUntilGone(connection: Connection): void {
    this.#open.add(connection);
    const gone = connection.ended.then(() => connection.close());
    void gone.catch(() => undefined).finally(() => this.#open.delete(connection));
  }

  #connect(): Promise<Connection> {
    const { logger, fetch } = this.#options;
    const deps: ConnectDeps = {
      logger,
      sandboxes: this.#options.sandboxes,
      questionExpiryMs: this.#options.questionExpiryMs,
      ...(fetch && { fetch }),
      onToolsChanged: () => this.#refreshSoon(),
      onProblem: (problem) => this.#problems.add(problem),
      signal: this.#stop.signal,
    };
    if (this.server.kind === "http") return connectHttp(this.server, deps);
    return connectStdio(this.server, {
      ...deps,
      ...(this.#options.ladderTimes && { times: this.#options.ladderTimes }),
      ...(this.#verdict && { verdict: this.#verdict }),
      onVerdict: (rung) => {
        this.#verdict = rung;
      },
    });
  }

  async #load(connection: Connection): Promise<void> {
    this.#problems = new Problems();
    const report = (problem: string) => this.#problems.add(problem);
    const tools = await listTools(connection, this.server.initTimeoutMs, report);
    this.#catalog = await buildCatalog(this.server, tools, this.catalog, report);
  }

  /** A change that is announced while the list is being read is looked up once more after it. */
  #refreshSoon(): void {
    this.#isStale = true;
    this.#refreshTimer ??= setTimeout(() => void this.#refresh(), REFRESH_MS).unref();
  }

  async #refresh(): Promise<void> {
    const connection = this.#connection;
    this.#isStale = false;
    try {
      if (connection?.isOpen() !== true) return;
      await this.#load(connection);
    } catch (error) {
      this.#problems = new Problems();
      this.#problems.add(`its changed tools could not be read: ${messageOf(error)}`);
    } finally {
      this.#refreshTimer = undefined;
      if (this.#isStale) this.#refreshSoon();
    }
    if (this.#connection === connection) this.#settle();
  }

  /** Serving, whole or in part. */
  #settle(): void {
    const summary = this.#problems.summary;
    if (summary === undefined) this.#become("ready");
    else this.#become("degraded", shownReason(summary));
  }

  #onEnd(connection: Connection, reason: string): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    if (!this.#stop.signal.aborted) this.#rest(shownReason(reason));
  }

  /** Dead for now: not started again before the policy allows it. */
  #rest(reason: string, error?: Pick<ConnectError, "needsAuthorization" | "isFinal">): void {
    const { delayMs, isOpen } = this.#policy.recordDeath();
    this.#health.failed(reason);
    this.#gate.shutFor(delayMs);
    if (this.#stop.signal.aborted) return;
    const state = isOpen || error?.isFinal ? "failed" : "backoff";
    this.#become(error?.needsAuthorization ? "auth_required" : state, reason);
    this.#retryTimer = setTimeout(() => {
      if (this.catalog.size === 0) void this.start();
      else if (this.#state === "backoff") this.#become("idle", this.#error);
    }, delayMs).unref();
  }

  #become(state: ServerState, error?: string): void {
    this.#state = state;
    this.#error = error;
    const isTrouble = state === "backoff" || state === "failed" || state === "degraded" || state === "auth_required";
    this.#options.logger[isTrouble ? "warn" : "debug"]("mcp server state", {
      state,
      ...(error !== undefined && { error }),
    });
    this.#options.onChange();
  }
}
