import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HoldfastConfig } from "@holdfast/protocol";
import { type Environment, Flag, integer, loadYaml, Port, readEnv, RedisUrl } from "@holdfast/runtime";
import { LOG_LEVELS } from "@holdfast/telemetry";
import { z } from "zod";
import type { OriginRules } from "./http/origins.ts";

const list = z.string().transform((text) => text.split(/[\s,]+/).filter((part) => part !== ""));

const Settings = z.object({
  GATEWAY_HOST: z.string().default("127.0.0.1"),
  /** 0 = any free port. */
  GATEWAY_PORT: Port.default(8080),
  /** Off unless given: `/health` and `/ready` are on the gateway's own port too. */
  ADMIN_PORT: Port.default(0),
  ADMIN_HOST: z.string().default("127.0.0.1"),
  REDIS_URL: RedisUrl.prefault("redis://127.0.0.1:6379"),
  LOG_LEVEL: z.enum(LOG_LEVELS).default("info"),
  HOLDFAST_CONFIG: z.string().default("./holdfast.yaml"),
  HOLDFAST_DEMO: Flag.default(false),
  HOLDFAST_WEB_DIR: z.string().default(fileURLToPath(new URL("../../web/dist", import.meta.url))),
  HOLDFAST_CORS_ORIGINS: list.default([]),
  HOLDFAST_ALLOWED_HOSTS: list.optional(),
  HOLDFAST_MAX_BODY_BYTES: integer(1).default(1_048_576),
  // Below the 30 s after which common proxies cut an idle connection.
  HOLDFAST_HEARTBEAT_MS: integer(15).default(15_000),
  HOLDFAST_SSE_BUFFER_BYTES: integer(1).default(262_144),
  HOLDFAST_REDIS_TIMEOUT_MS: integer(1).default(2_000),
  HOLDFAST_CONVERSATION_TTL_MS: integer(1).default(30 * 24 * 60 * 60 * 1_000),
  HOLDFAST_SHUTDOWN_MS: integer(0).default(20_000),
});

/** Reads environment and holdfast.yaml. Throws ConfigError with every problem. */
export function loadConfig(env: Environment = process.env) {
  const settings = readEnv(Settings, env);
  const readFile = () => loadYaml(settings.HOLDFAST_CONFIG, HoldfastConfig, env);
  const file = readFile();
  return {
    host: settings.GATEWAY_HOST,
    port: settings.GATEWAY_PORT,
    admin: { host: settings.ADMIN_HOST, port: settings.ADMIN_PORT },
    redis: {
      url: settings.REDIS_URL.reveal(),
      requestTimeoutMs: settings.HOLDFAST_REDIS_TIMEOUT_MS,
      retention: { conversationTtlMs: settings.HOLDFAST_CONVERSATION_TTL_MS },
    },
    logLevel: settings.LOG_LEVEL,
    shutdownMs: settings.HOLDFAST_SHUTDOWN_MS,
    streams: { heartbeatMs: settings.HOLDFAST_HEARTBEAT_MS, bufferBytes: settings.HOLDFAST_SSE_BUFFER_BYTES },
    file,
    /** holdfast.yaml as it is now. Throws ConfigError with every problem. */
    readFile,
    app: {
      isDemo: settings.HOLDFAST_DEMO,
      maxBodyBytes: settings.HOLDFAST_MAX_BODY_BYTES,
      webDir: isAbsolute(settings.HOLDFAST_WEB_DIR) ? settings.HOLDFAST_WEB_DIR : resolve(settings.HOLDFAST_WEB_DIR),
      origins: originsOf(settings),
    },
  };
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/;

/** Open to other machines, its names are unknown here; only for this machine, they are known. */
function originsOf(settings: z.output<typeof Settings>): OriginRules {
  const named = settings.HOLDFAST_ALLOWED_HOSTS?.map((host) => host.toLowerCase());
  const isAnyName = named ? named.includes("*") : !LOOPBACK.test(settings.GATEWAY_HOST);
  return { corsOrigins: settings.HOLDFAST_CORS_ORIGINS, hosts: isAnyName ? undefined : (named ?? []) };
}
