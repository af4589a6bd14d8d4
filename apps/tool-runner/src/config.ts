import { dirname, resolve } from "node:path";
import { HoldfastConfig } from "@holdfast/protocol";
import { type Environment, integer, loadYaml, Port, readEnv, RedisUrl } from "@holdfast/runtime";
import { LOG_LEVELS } from "@holdfast/telemetry";
import { z } from "zod";
import type { Tier } from "./terminal/tier.ts";

const Env = z.object({
  REDIS_URL: RedisUrl.prefault("redis://127.0.0.1:6379"),
  HOLDFAST_CONFIG: z.string().min(1).default("./holdfast.yaml"),
  ADMIN_PORT: Port.default(8082),
  ADMIN_HOST: z.string().min(1).default("127.0.0.1"),
  HOLDFAST_TOOL_RUNNER_CONCURRENCY: integer(1, 10_000).default(64),
  HOLDFAST_TOOL_UID: integer(1).optional(),
  NODE_ENV: z.string().optional(),
  HOLDFAST_SHUTDOWN_MS: integer(0).default(20_000),
  HOLDFAST_QUESTION_EXPIRY_MS: integer(1).default(10 * 60 * 1_000),
  HOLDFAST_CONVERSATION_TTL_MS: integer(1).default(30 * 24 * 60 * 60 * 1_000),
  LOG_LEVEL: z.enum(LOG_LEVELS).default("info"),
});

export interface ToolRunnerConfig {
  readonly redisUrl: string;
  readonly holdfast: HoldfastConfig;
  /** holdfast.yaml as it is now. Throws ConfigError with every problem. */
  readonly readFile: () => HoldfastConfig;
  /** Folder of holdfast.yaml: relative paths in it count from there. */
  readonly baseDir: string;
  /** Absolute. */
  readonly workspaceRoot: string;
  readonly adminPort: number;
  readonly adminHost: string;
  /** Calls at once in this process. */
  readonly concurrency: number;
  readonly toolUid: number | undefined;
  /** Below it the terminal is not offered. */
  readonly minTier: Tier;
  /** How long a human may take to answer what a server asks while it runs a call. */
  readonly questionExpiryMs: number;
  /** How long a conversation is kept after its last activity. */
  readonly conversationTtlMs: number;
  readonly shutdownMs: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** Where allowed variables of tools get their values. */
  readonly hostEnvironment: Environment;
}

/** Throws ConfigError with every problem of environment and file. */
export function readConfig(env: Environment = process.env): ToolRunnerConfig {
  const values = readEnv(Env, env);
  const path = resolve(values.HOLDFAST_CONFIG);
  const readFile = () => loadYaml(path, HoldfastConfig, env);
  const holdfast = readFile();
  const baseDir = dirname(path);
  return {
    redisUrl: values.REDIS_URL.reveal(),
    holdfast,
    readFile,
    baseDir,
    workspaceRoot: resolve(baseDir, holdfast.terminal.workspace),
    adminPort: values.ADMIN_PORT,
    adminHost: values.ADMIN_HOST,
    concurrency: values.HOLDFAST_TOOL_RUNNER_CONCURRENCY,
    toolUid: values.HOLDFAST_TOOL_UID,
    // In production a terminal without a kernel sandbox has to be asked for.
    minTier: holdfast.terminal.min_tier ?? (values.NODE_ENV === "production" ? "T2" : "T0"),
    questionExpiryMs: values.HOLDFAST_QUESTION_EXPIRY_MS,
    conversationTtlMs: values.HOLDFAST_CONVERSATION_TTL_MS,
    shutdownMs: values.HOLDFAST_SHUTDOWN_MS,
    logLevel: values.LOG_LEVEL,
    hostEnvironment: env,
  };
}
