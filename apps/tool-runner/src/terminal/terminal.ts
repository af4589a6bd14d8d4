/** The terminal toolset: one tool, `run`, over the rules of this folder. */
import type { Environment } from "@holdfast/runtime";
import type { Logger } from "@holdfast/telemetry";
import { deviationOf } from "./deviation.ts";
import { execute } from "./execute.ts";
import { type Execution, tierUnavailable } from "./execution.ts";
import { launchesOthers } from "./launches-others.ts";
import { LiveOutput, type OutputListener, type OutputStream } from "./live-output.ts";
import type { TerminalPolicy } from "./policy.ts";
import { protectionOf } from "./protection.ts";
import { QUOTA_EXCEEDED } from "./run-process.ts";
import { prepare, type Setup } from "./setup.ts";
import { TerminalText } from "./terminal-text.ts";
import { isAtLeast, type Tier } from "./tier.ts";
import { describeRun, type ToolDescription } from "./tool-description.ts";
import { type ToolOutcome, toolOutcome } from "./tool-outcome.ts";
import { isOver, measureUsage, type Quota, watchUsage } from "./workspace-usage.ts";
import { Workspaces } from "./workspace.ts";

const NO_QUOTA: Quota = { bytes: Number.POSITIVE_INFINITY, files: Number.POSITIVE_INFINITY };

export interface TerminalOptions {
  readonly policy: TerminalPolicy;
  /** Holds one directory per conversation; made if missing. */
  readonly workspaceRoot: string;
  /** What one conversation may keep there; default no limit. */
  readonly quota?: Quota | undefined;
  /** Default `auto`: the most contained tier that works here. */
  readonly tier?: Tier | "auto";
  /** Below it the tool is not offered and every call is denied. Default T0. */
  readonly minTier?: Tier | undefined;
  /** The user of tools where the runner is root; default 65534. */
  readonly toolUid?: number | undefined;
  /** Where commands are looked up; default the system's (pin.ts). */
  readonly directories?: readonly string[] | undefined;
  /** Where the variables of `policy.envAllow` get their values. */
  readonly hostEnvironment: Environment;
  readonly logger: Logger;
}

export interface TerminalStatus {
  readonly isOffered: boolean;
  /** The tier in force; null where none works. */
  readonly tier: Tier | null;
  readonly minTier: Tier;
  /** Why each other tier is not in force, by its name. */
  readonly reasons: Readonly<Record<string, string>>;
}

export interface TerminalCall {
  readonly conversationId: string;
  readonly callId: string;
  /** Untrusted. */
  readonly arguments: unknown;
  /** The policy's own timeout holds as well. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Live output, safe to show, at most ten pieces a second. It must not throw. */
  readonly onOutput: OutputListener;
}

export interface Terminal {
  readonly status: TerminalStatus;
  /**
   * What decides about a call besides its arguments, the same on every host with the same configuration and tier: where a
   * host keeps an allowed command, and whether it has it, is not part of it.
   */
  readonly policy: Readonly<Record<string, unknown>>;
  describe(): ToolDescription;
  /** Why the call would be done elsewhere than its arguments say; undefined where it would not. */
  deviation(call: Pick<TerminalCall, "conversationId" | "arguments">): Promise<string | undefined>;
  /** Answers every expected ending; never rejects. */
  run(call: TerminalCall): Promise<ToolOutcome>;
  /** Cancels what runs, waits for it, and removes what calls left outside their workspaces. */
  close(): Promise<void>;
}

/** Throws RangeError for a `toolUid` that is root's; rejects where the workspace cannot be made. */
export async function createTerminal(options: TerminalOptions): Promise<Terminal> {
  const { policy, logger, minTier = "T0", tier = "auto" } = options;
  const { setup, verdicts } = await prepare({ ...options, tier, warn: (message) => logger.warn(message) });
  const reasons = Object.entries(verdicts).flatMap(([name, verdict]) =>
    "reason" in verdict ? [[name, verdict.reason] as const] : [],
  );
  const inForce = setup?.launcher.tier ?? null;
  const status: TerminalStatus = {
    isOffered: inForce !== null && isAtLeast(inForce, minTier),
    tier: inForce,
    minTier,
    reasons: Object.fromEntries(reasons),
  };
  announce(status, setup, logger);
  if (setup === null || !status.isOffered) {
    await setup?.homes.close();
    return new WithheldTerminal(status, policy.timeoutMs);
  }
  const workspaces = await Workspaces.open(options.workspaceRoot, setup.identity);
  return new RunningTerminal(status, setup, { workspaces, quota: options.quota ?? NO_QUOTA, logger });
}

function announce(status: TerminalStatus, setup: Setup | null, logger: Logger): void {
  const fields = { tool: "terminal", tier: status.tier, min_tier: status.minTier, reasons: status.reasons };
  if (setup === null || !status.isOffered) {
    logger.error("the terminal tool is not offered: this machine cannot contain it as required", fields);
    return;
  }
  const { pins, launcher, identity } = setup;
  const details = { ...fields, commands: pins.all.length, not_installed: pins.missing };
  if (isAtLeast(launcher.tier, "T2")) logger.info("the terminal tool is sandboxed", details);
  else {
    const protection = protectionOf(launcher.tier, identity);
    logger.warn("THE TERMINAL TOOL RUNS WITHOUT A KERNEL SANDBOX", { ...details, ...protection });
  }
}

/** Below the required tier: nothing is ever started. */
class WithheldTerminal implements Terminal {
  readonly status: TerminalStatus;
  readonly policy = {};
  readonly #timeoutMs: number;

  constructor(status: TerminalStatus, timeoutMs: number) {
    this.status = status;
    this.#timeoutMs = timeoutMs;
  }

  describe(): ToolDescription {
    return describeRun([], this.#timeoutMs);
  }

  async deviation(): Promise<undefined> {}

  async run(): Promise<ToolOutcome> {
    return toolOutcome(tierUnavailable(this.status.minTier), this.#timeoutMs);
  }

  async close(): Promise<void> {}
}

interface RunningParts {
  readonly workspaces: Workspaces;
  readonly quota: Quota;
  readonly logger: Logger;
}

class RunningTerminal implements Terminal {
  readonly status: TerminalStatus;
  readonly #setup: Setup;
  readonly #workspaces: Workspaces;
  readonly #quota: Quota;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(status: TerminalStatus, setup: Setup, { workspaces, quota, logger }: RunningParts) {
    this.status = status;
    this.#setup = setup;
    this.#workspaces = workspaces;
    this.#quota = quota;
    this.#logger = logger;
  }

  get policy(): Terminal["policy"] {
    const { configured, launcher } = this.#setup;
    const { allow, envAllow } = configured;
    return { ...configured, allow: sortedSet(allow), envAllow: sortedSet(envAllow), tier: launcher.tier };
  }

  async deviation({ conversationId, arguments: input }: TerminalCall): Promise<string | undefined> {
    // A workspace that cannot be used is told by the run itself.
    const root = await this.#workspaces.of(conversationId).catch(() => undefined);
    return root && deviationOf(input, root);
  }

  describe(): ToolDescription {
    const { pins, launcher, policy } = this.#setup;
    const usable = pins.all.filter((pin) => isAtLeast(launcher.tier, "T2") || !launchesOthers(pin, [pin.name]));
    return describeRun(
      usable.map((pin) => pin.name),
      policy.timeoutMs,
    );
  }

  async run(call: TerminalCall): Promise<ToolOutcome> {
    const running = this.#run(call);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running);
    await this.#setup.homes.close();
  }

  async #run(call: TerminalCall): Promise<ToolOutcome> {
    const logger = this.#logger.child({
      conversation_id: call.conversationId,
      tool: "run",
      call_id: call.callId,
    });
    const timeoutMs = Math.min(call.timeoutMs, this.#setup.policy.timeoutMs);
    const startedAt = performance.now();
    try {
      const execution = await this.#execute(call, timeoutMs);
      const { outcome, denyCode, exitCode, tier, durationMs } = execution;
      const fields = { outcome, deny_code: denyCode, exit_code: exitCode, tier, duration_ms: durationMs };
      logger.info("terminal call ended", fields);
      return toolOutcome(execution, timeoutMs);
    } catch (error) {
      logger.error("terminal call failed", { error });
      const message = "The workspace of this conversation cannot be used.";
      return {
        status: "failed",
        content: [{ type: "text", text: message }],
        error: { code: "workspace_failed", message },
        duration_ms: Math.round(performance.now() - startedAt),
      };
    }
  }

  async #execute(call: TerminalCall, timeoutMs: number): Promise<Execution> {
    const root = await this.#workspaces.of(call.conversationId);
    const quota = this.#quota;
    const usage = await measureUsage(root, quota);
    // Where it is full already, what is there can still be read and removed.
    const isFull = isOver(usage, quota);
    const full = new AbortController();
    const endWatch = isFull ? () => {} : watchUsage(root, quota, () => full.abort(QUOTA_EXCEEDED));
    const live = new LiveOutput(call.onOutput);
    const texts: Record<OutputStream, TerminalText> = { stdout: new TerminalText(), stderr: new TerminalText() };
    try {
      return await execute(
        {
          request: call.arguments,
          root,
          timeoutMs,
          fileBytes: isFull ? 0 : Math.max(0, quota.bytes - usage.bytes),
          signal: AbortSignal.any([call.signal, this.#closing.signal, full.signal]),
          onBytes: (stream, bytes) => live.add(stream, texts[stream].push(bytes)),
        },
        this.#setup,
      );
    } finally {
      endWatch();
      live.finish();
    }
  }
}

const sortedSet = (names: readonly string[]): string[] => [...new Set(names)].toSorted();
