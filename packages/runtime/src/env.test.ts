import { describe, expect, it } from "@jest/globals";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { Flag, integer, Port, readEnv, RedisUrl, SecretText } from "./env.ts";
import type { Environment } from "./env.ts";

const Settings = z.object({
  REDIS_URL: z.string().default("redis://127.0.0.1:6379"),
  GATEWAY_PORT: Port.default(8080),
  OPENAI_API_KEY: SecretText.optional(),
  HOLDFAST_DEMO: Flag.default(false),
  HOLDFAST_WORKER_CONCURRENCY: integer(1, 1000).default(256),
});

function problemsOf(schema: z.ZodObject, env: Environment): readonly string[] {
  try {
    readEnv(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function fileWith(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "holdfast-env-")), "secret");
  writeFileSync(path, text);
  return path;
}

describe("readEnv", () => {
  it("reads what the schema names, with defaults, and nothing else", () => {
    const env = { GATEWAY_PORT: "9000", HOLDFAST_DEMO: "yes", HOME: "/root" };
    expect(readEnv(Settings, env)).toEqual({
      REDIS_URL: "redis://127.0.0.1:6379",
      GATEWAY_PORT: 9000,
      HOLDFAST_DEMO: true,
      HOLDFAST_WORKER_CONCURRENCY: 256,
    });
  });

  it("takes an empty variable as unset, as compose files produce them", () => {
    expect(readEnv(Settings, { GATEWAY_PORT: "", OPENAI_API_KEY: "", REDIS_URL: "" })).toMatchObject({
      GATEWAY_PORT: 8080,
      REDIS_URL: "redis://127.0.0.1:6379",
    });
  });

  it("reports every problem at once, by variable, and never the value", () => {
    const problems = problemsOf(Settings.extend({ NEEDED: z.string() }), {
      GATEWAY_PORT: "http",
      HOLDFAST_DEMO: "perhaps",
      HOLDFAST_WORKER_CONCURRENCY: "0",
    });
    expect(problems).toHaveLength(4);
    expect(problems.map((problem) => problem.split(":")[0])).toEqual(
      expect.arrayContaining(["GATEWAY_PORT", "HOLDFAST_DEMO", "HOLDFAST_WORKER_CONCURRENCY", "NEEDED"]),
    );
    expect(problems).toContain("NEEDED: is required");
    expect(problems.join()).not.toContain("perhaps");
  });

  it.each(["70000", "-1", "80.5", "8o"])("refuses the port %s", (port) => {
    expect(problemsOf(Settings, { GATEWAY_PORT: port })).toHaveLength(1);
  });

  it("[config.secret-files] reads a secret from the file that <NAME>_FILE names, without its last newline", () => {
    const { OPENAI_API_KEY } = readEnv(Settings, { OPENAI_API_KEY_FILE: fileWith("sk-from file \n") });
    expect(OPENAI_API_KEY?.reveal()).toBe("sk-from file ");
    expect(String(OPENAI_API_KEY)).toBe("[redacted]");
  });

  it("reports a file that cannot be read, once", () => {
    const Needed = z.object({ KEY: SecretText });
    expect(problemsOf(Needed, { KEY_FILE: "/nowhere/key" })).toEqual(["KEY_FILE: cannot read /nowhere/key (ENOENT)"]);
  });

  it("reports a value and a file given together, since one of them would be ignored", () => {
    expect(problemsOf(Settings, { OPENAI_API_KEY: "a", OPENAI_API_KEY_FILE: fileWith("b") })).toEqual([
      "OPENAI_API_KEY_FILE: is set together with OPENAI_API_KEY; set only one",
    ]);
  });

  it("leaves a setting whose own name ends in _FILE to itself", () => {
    const Both = z.object({ LOG: z.string().optional(), LOG_FILE: z.string() });
    expect(readEnv(Both, { LOG_FILE: "/nowhere/log" })).toEqual({ LOG_FILE: "/nowhere/log" });
  });
});

it.each([
  "notaurl",
  "http://127.0.0.1",
  "redis://",
  "redis://a:1,",
  "redis://a:1,http://b:1",
  "redis+sentinel://a:1",
  "redis+sentinel://a:1,/mymaster",
  "redis+sentinel:///mymaster",
  "sentinel://a:1/mymaster",
])("[config.redis-url] refuses %s as the address of Redis", (address) => {
  expect(() => readEnv(z.object({ REDIS_URL: RedisUrl }), { REDIS_URL: address })).toThrow(
    "REDIS_URL: must be an address",
  );
});

it.each([
  "redis://127.0.0.1:6379",
  "rediss://user:password@host:6380/1",
  "redis://a:1,redis://b:2",
  "redis+sentinel://a:1,b:2/mymaster",
  "rediss+sentinel://user:password@a,b/mymaster/2",
])("[config.redis-kinds] takes %s as the address of Redis", (address) => {
  expect(readEnv(z.object({ REDIS_URL: RedisUrl }), { REDIS_URL: address }).REDIS_URL.reveal()).toBe(address);
});

it("keeps a password in the address of Redis to itself", () => {
  const { REDIS_URL } = readEnv(z.object({ REDIS_URL: RedisUrl }), { REDIS_URL: "rediss://me:hunter2@host:6380" });
  expect(String(REDIS_URL)).toBe("[redacted]");
  expect(REDIS_URL.reveal()).toBe("rediss://me:hunter2@host:6380");
});
