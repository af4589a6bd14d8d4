import { integer, Port, readEnv, type Environment } from "@holdfast/runtime";
import { LOG_LEVELS } from "@holdfast/telemetry";
import { z } from "zod";

/** About 35 tokens a second: a text that appears a little faster than people read. */
const HUMAN_PACE_MS = 28;

const Env = z.object({
  DEMO_MODEL_HOST: z.string().default("127.0.0.1"),
  DEMO_MODEL_PORT: Port.default(8090),
  HOLDFAST_DEMO_PACE_MS: integer(0, 60_000).default(HUMAN_PACE_MS),
  HOLDFAST_SHUTDOWN_MS: integer(0).default(20_000),
  LOG_LEVEL: z.enum(LOG_LEVELS).default("info"),
});

export interface DemoModelConfig {
  host: string;
  /** 0: any free one. */
  port: number;
  /** Delay before every token; 0 for tests and benchmarks. */
  paceMs: number;
  shutdownMs: number;
  logLevel: (typeof LOG_LEVELS)[number];
}

/** Throws ConfigError. */
export function readConfig(env: Environment = process.env): DemoModelConfig {
  const values = readEnv(Env, env);
  return {
    host: values.DEMO_MODEL_HOST,
    port: values.DEMO_MODEL_PORT,
    paceMs: values.HOLDFAST_DEMO_PACE_MS,
    shutdownMs: values.HOLDFAST_SHUTDOWN_MS,
    logLevel: values.LOG_LEVEL,
  };
}
