import type { McpServerConfig } from "@holdfast/protocol";
import { isSecretKey, registerSecret, type Logger } from "@holdfast/telemetry";
import { callTool, type CallRequest } from "./call.ts";
import type { McpTool } from "./catalog.ts";
import { resolveServer, type ResolvedServer } from "./config.ts";
import type { HealthReport } from "./health.ts";
import type { LadderTimes } from "./ladder.ts";
import { endedOutcome, type ToolOutcome } from "./result.ts";
import { Sandboxes } from "./sandboxes.ts";
import { endStraysOfDeadRunners } from "./strays.ts";
import { Supervisor, type ServerState } from "./supervisor.ts";

/** One MCP server as it is offered to workers and shown to operators. */
export interface ToolsetState {
  readonly toolset: string;
  readonly state: ServerState;
  readonly error?: string;
  readonly tools: readonly McpTool[];
  /** Absent where it is switched off. */
  readonly health?: HealthReport;
}

export interface McpHostOptions {
  readonly servers: Readonly<Record<string, McpServerConfig>>;
  /** The folder of the configuration file: relative paths count from it. */
  readonly baseDir: string;
  readonly logger: Logger;
  /** A state, an error or a list of tools changed. Changes of one moment are told once. */
  readonly onCatalogChange?: (toolsets: readonly ToolsetState[]) => void;
  /** The user of sandboxed servers where this process is root; default 65534. */
  readonly toolUid?: number | undefined;
  /** How long what a server asks lives; default ten minutes. */
  readonly questionExpiryMs?: number;
  /** How long each way of connecting is tried; for tests. */
  readonly ladderTimes?: LadderTimes;
}

export interface McpHost {
  /** Starts every server, all at once; resolves when each has come up or failed, and never rejects. */
  start(): Promise<void>;
  toolsets(): ToolsetState[];
  /**
   * Waits for a turn at the server, at most so long. Answers what is to be called when the call has ended, or how it ends
   * because its turn did not come; rejects with the signal's reason.
   */
  admit(toolset: string, timeoutMs: number, signal: AbortSignal): Promise<(() => void) | ToolOutcome>;
  /** So many calls wait for their turn that a further one had better be left to another tool-runner. */
  isCrowded(toolset: string): boolean;
  call(request: CallRequest & { readonly toolset: string }): Promise<ToolOutcome>;
  /** Ends the server, where there is one of this name, and starts it again; resolves when it has come up or failed. */
  restart(toolset: string): Promise<void>;
  /** Takes over a changed configuration: servers whose entry did not change are left alone. */
  reload(servers: Readonly<Record<string, McpServerConfig>>): Promise<void>;
  /** Ends every server; calls in flight end with their outcome unknown. */
  close(): Promise<void>;
}

/** What a server that left the configuration may still take to finish its calls. Questions to humans end with it. */
const RETIRE_MS = 60_000;

export function createMcpHost(options: McpHostOptions): McpHost {
  return new SupervisedHost(options);
}

class SupervisedHost implements McpHost {
  readonly #options: McpHostOptions;
  readonly #supervisors = new Map<string, Supervisor>();
  readonly #retiring = new Set<Supervisor>();
  readonly #sandboxes: Sandboxes;
  #disabled: readonly string[] = [];
  #isChangeAnnounced = false;
  #isClosed = false;

  constructor(options: McpHostOptions) {
    this.#options = options;
    this.#sandboxes = new Sandboxes(options.toolUid);
    this.#take(options.servers);
  }

  async start(): Promise<void> {
    const ended = await endStraysOfDeadRunners();
    if (ended > 0) this.#options.logger.warn("ended processes of servers whose runner was killed", { count: ended });
    await Promise.all([...this.#supervisors.values()].map((supervisor) => supervisor.start()));
  }

  toolsets(): ToolsetState[] {
    const active = [...this.#supervisors.values()].map(
      ({ server, state, error, catalog, health }): ToolsetState => ({
        toolset: server.toolset,
        state,
        ...(error !== undefined && { error }),
        tools: [...catalog.values()].map(({ tool }) => tool),
        health,
      }),
    );
    return [...active, ...this.#disabled.map((toolset): ToolsetState => ({ toolset, state: "disabled", tools: [] }))];
  }

  async admit(toolset: string, timeoutMs: number, signal: AbortSignal): Promise<(() => void) | ToolOutcome> {
    const startedAt = performance.now();
    for (;;) {
      const supervisor = this.#supervisors.get(toolset);
      if (supervisor === undefined) return () => undefined;
      const admitted = await supervisor.entrance.admit(timeoutMs, signal, startedAt);
      if (typeof admitted === "object" || this.#supervisors.get(toolset) === supervisor) return admitted;
      // Replaced meanwhile: it is the new one that runs the call.
      admitted();
    }
  }

  isCrowded(toolset: string): boolean {
    return this.#supervisors.get(toolset)?.entrance.isCrowded === true;
  }

  async call({ toolset, ...request }: CallRequest & { toolset: string }): Promise<ToolOutcome> {
    const supervisor = this.#supervisors.get(toolset);
    if (supervisor !== undefined) return callTool(supervisor, request);
    return { ...endedOutcome("failed", "unknown_toolset", `There is no server "${toolset}".`), duration_ms: 0 };
  }

  async restart(toolset: string): Promise<void> {
    await this.#supervisors.get(toolset)?.restart();
  }

  async reload(servers: Readonly<Record<string, McpServerConfig>>): Promise<void> {
    const added = this.#take(servers);
    await Promise.all(added.map((supervisor) => supervisor.start()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#supervisors.values(), ...this.#retiring];
    await Promise.all(all.map((supervisor) => supervisor.close()));
    await this.#sandboxes.close();
  }

  /** Replaces what changed and answers the supervisors that are new. */
  #take(servers: Readonly<Record<string, McpServerConfig>>): Supervisor[] {
    const enabled = Object.entries(servers).filter(([, config]) => !config.disabled);
    this.#disabled = Object.keys(servers).filter((toolset) => servers[toolset]?.disabled === true);
    for (const [toolset, supervisor] of this.#supervisors) {
      if (!enabled.some(([name]) => name === toolset)) this.#retire(toolset, supervisor);
    }
    const added: Supervisor[] = [];
    for (const [toolset, config] of enabled) {
      registerSecrets(config);
      const resolved = resolveServer(toolset, config, this.#options.baseDir);
      const current = this.#supervisors.get(toolset);
      if (current?.server.fingerprint === resolved.fingerprint) continue;
      if (current !== undefined) this.#retire(toolset, current);
      const supervisor = this.#supervise(resolved);
      this.#supervisors.set(toolset, supervisor);
      added.push(supervisor);
    }
    this.#announceChange();
    return added;
  }

  #supervise(server: ResolvedServer): Supervisor {
    const { logger, ladderTimes, questionExpiryMs } = this.#options;
    return new Supervisor(server, {
      logger: logger.child({ toolset: server.toolset }),
      sandboxes: this.#sandboxes,
      questionExpiryMs,
      onChange: () => this.#announceChange(),
      ...(ladderTimes !== undefined && { ladderTimes }),
    });
  }

  #retire(toolset: string, supervisor: Supervisor): void {
    this.#supervisors.delete(toolset);
    this.#retiring.add(supervisor);
    supervisor.entrance.open();
    void supervisor.retire(RETIRE_MS).finally(() => this.#retiring.delete(supervisor));
  }

  #announceChange(): void {
    if (this.#isChangeAnnounced || this.#options.onCatalogChange === undefined) return;
    this.#isChangeAnnounced = true;
    setImmediate(() => {
      this.#isChangeAnnounced = false;
      if (!this.#isClosed) this.#options.onCatalogChange?.(this.toolsets());
    });
  }
}

/** What a configuration hands to a server must not come back through its stderr into our log. */
function registerSecrets({ env, headers, holdfast }: McpServerConfig): void {
  if (holdfast.oauth) registerSecret(holdfast.oauth.client_secret);
  for (const [name, value] of Object.entries({ ...env, ...headers })) if (isSecretKey(name)) registerSecret(value);
}
