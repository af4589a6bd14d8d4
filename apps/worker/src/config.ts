import { HoldfastConfig } from "@holdfast/protocol";
import { integer, loadYaml, Port, readEnv, RedisUrl, SecretText } from "@holdfast/runtime";
import { LOG_LEVELS } from "@holdfast/telemetry";
import { z } from "zod";
import { OPENAI_URL, type ProviderSettings } from "./model/open-model.ts";

/** The worker's part of protocol §6.2; times in milliseconds. */
const Environment = z.object({
  REDIS_URL: RedisUrl.prefault("redis://127.0.0.1:6379"),
  ADMIN_PORT: Port.default(8081),
  ADMIN_HOST: z.string().default("127.0.0.1"),
  OPENAI_API_KEY: SecretText.optional(),
  OPENAI_BASE_URL: z.url().optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS).default("info"),
  HOLDFAST_CONFIG: z.string().default("./holdfast.yaml"),
  HOLDFAST_DEMO_MODEL_URL: z.url().default("http://127.0.0.1:8090/v1"),
  HOLDFAST_WORKER_CONCURRENCY: integer(1).default(256),
  HOLDFAST_SHUTDOWN_MS: integer(0).default(20_000),
  HOLDFAST_MODEL_RETRIES: integer(0, 20).default(3),
  HOLDFAST_MODEL_RETRY_BASE_MS: integer(1).default(500),
  HOLDFAST_MODEL_IDLE_MS: integer(1).default(60_000),
  HOLDFAST_TOOL_GRACE_MS: integer(0).default(10_000),
  HOLDFAST_COMPACT_GRACE_MS: integer(0).default(60_000),
  HOLDFAST_CONVERSATION_TTL_MS: integer(1).default(30 * 24 * 60 * 60 * 1_000),
  HOLDFAST_APPROVAL_EXPIRY_MS: integer(1).default(24 * 60 * 60 * 1_000),
});

/** Everything this process is told from outside. Throws ConfigError with every problem of the first source that is wrong. */
export function loadConfig(environment: Readonly<Record<string, string | undefined>> = process.env) {
  const env = readEnv(Environment, environment);
  const file = loadYaml(env.HOLDFAST_CONFIG, HoldfastConfig, environment);
  return {
    redisUrl: env.REDIS_URL.reveal(),
    admin: { host: env.ADMIN_HOST, port: env.ADMIN_PORT },
    logLevel: env.LOG_LEVEL,
    agents: file.agents,
    /** As the file says now. Throws ConfigError with every problem. */
    readAgents: () => loadYaml(env.HOLDFAST_CONFIG, HoldfastConfig, environment).agents,
    retention: {
      compactGraceMs: env.HOLDFAST_COMPACT_GRACE_MS,
      conversationTtlMs: env.HOLDFAST_CONVERSATION_TTL_MS,
    },
    strandedMs: 30_000,
    upkeepEveryMs: upkeepEveryMs(env.HOLDFAST_COMPACT_GRACE_MS, env.HOLDFAST_CONVERSATION_TTL_MS),
    concurrency: env.HOLDFAST_WORKER_CONCURRENCY,
    shutdownMs: env.HOLDFAST_SHUTDOWN_MS,
    provider: providerFrom(env),
    retry: { retries: env.HOLDFAST_MODEL_RETRIES, baseMs: env.HOLDFAST_MODEL_RETRY_BASE_MS },
    approvalExpiryMs: env.HOLDFAST_APPROVAL_EXPIRY_MS,
    wait: {
      graceMs: env.HOLDFAST_TOOL_GRACE_MS,
      lookEveryMs: 1_000,
      deadRunnerMs: 5_000,
      noRunnerMs: 15_000,
      cancelMs: 1_500,
    },
  };
}

/** Often enough that nothing is kept much longer than it should be. */
function upkeepEveryMs(graceMs: number, ttlMs: number): number {
  return Math.min(Math.max(Math.min(graceMs, ttlMs) / 4, 250), 5_000);
}

/** Without a key and without an address of its own, the built-in demo model. */
function providerFrom(env: z.infer<typeof Environment>): ProviderSettings & { readonly name: string } {
  const idleMs = env.HOLDFAST_MODEL_IDLE_MS;
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: ownUrl } = env;
  if (!apiKey && !ownUrl) return { name: "demo", baseUrl: env.HOLDFAST_DEMO_MODEL_URL, idleMs };
  const baseUrl = ownUrl ?? OPENAI_URL;
  return { name: ownUrl ? new URL(ownUrl).host : "openai", baseUrl, idleMs, ...(apiKey ? { apiKey } : {}) };
}
