/** The terminal as a part of a tool-runner: its toolset, its readiness, its workspaces as the gateway and the upkeep see them. */
import { join } from "node:path";
import type { Bus } from "@holdfast/bus";
import type { Check, Lifecycle } from "@holdfast/runtime";
import type { Logger } from "@holdfast/telemetry";
import type { ToolRunnerConfig } from "../config.ts";
import { DEFAULT_LIMITS } from "../terminal/limits.ts";
import { createTerminal, type TerminalStatus } from "../terminal/terminal.ts";
import type { Executor } from "./executor.ts";
import { FileDesk } from "./file-desk.ts";
import { TerminalExecutor } from "./terminal-executor.ts";
import { WorkspaceSweep } from "./workspace-sweep.ts";

export interface TerminalParts {
  readonly config: ToolRunnerConfig;
  readonly bus: Bus;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
}

export interface OpenTerminal {
  readonly executor: Executor;
  readonly check: Check;
  /** Begins to answer for the workspaces, and to remove those of conversations that are no more. */
  start(): void;
}

/** Undefined where the configuration has none. */
export async function openTerminal({
  config,
  bus,
  lifecycle,
  logger,
}: TerminalParts): Promise<OpenTerminal | undefined> {
  const { allow, timeout_ms, output_cap_bytes, env_allow, enabled, ...bounds } = config.holdfast.terminal;
  if (!enabled) return undefined;
  const terminal = await createTerminal({
    policy: {
      allow,
      timeoutMs: timeout_ms,
      outputCapBytes: output_cap_bytes,
      envAllow: env_allow,
      limits: DEFAULT_LIMITS,
    },
    workspaceRoot: config.workspaceRoot,
    quota: { bytes: bounds.quota_bytes, files: bounds.quota_files },
    minTier: config.minTier,
    toolUid: config.toolUid,
    hostEnvironment: config.hostEnvironment,
    logger,
  });
  lifecycle.own("terminal", () => terminal.close());
  const limits = {
    atOnce: bounds.concurrency,
    atOncePerConversation: bounds.conversation_concurrency,
    perMinutePerConversation: bounds.calls_per_minute,
  };
  const directoryOf = (conversationId: string): string => join(config.workspaceRoot, conversationId);
  return {
    executor: new TerminalExecutor(terminal, timeout_ms, limits),
    check: checkOf(terminal.status),
    start() {
      const desk = new FileDesk({ bus, directoryOf, logger });
      lifecycle.own("files", () => desk.stop());
      desk.start();
      const { conversations } = bus;
      const { workspaceRoot: root, conversationTtlMs } = config;
      const sweep = new WorkspaceSweep({ conversations, root, conversationTtlMs, logger });
      lifecycle.own("workspace sweep", () => sweep.stop());
      sweep.start();
    },
  };
}

/** Never a reason not to be ready: the MCP servers' tools are offered all the same. */
function checkOf({ isOffered, tier, minTier, reasons }: TerminalStatus): Check {
  const others = Object.entries(reasons).map(([name, reason]) => `${name}: ${reason}`);
  const state = isOffered
    ? `tier ${tier} in force`
    : `not offered: tier ${tier ?? "none"} works here, ${minTier} is required`;
  return { name: "terminal", ok: true, detail: [state, ...others].join("; ") };
}
