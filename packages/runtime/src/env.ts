import { readFileSync } from "node:fs";
import { z } from "zod";
import { ConfigError } from "./config-error.ts";
import { Secret } from "./secret.ts";

/*
 * A service's settings from the environment: one zod object whose keys are the variables' names.
 *   - an empty variable counts as unset, as compose files produce them;
 *   - `<NAME>_FILE` gives the path of a file that holds the value (a mounted secret), without its trailing newline;
 *     giving both is a problem, because one of them is not what its author believes;
 *   - all problems are reported at once, by variable, and never with the value.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

/** A TCP port; 0 where the setting allows "off" or "any". */
export const Port = z.coerce.number().int().min(0).max(65_535);

/** `true`, `1`, `yes`, `on` and their opposites. */
export const Flag = z.stringbool({ truthy: ["true", "1", "yes", "on"], falsy: ["false", "0", "no", "off"] });

/**
 * One Redis or Valkey, a comma list of servers of a Cluster, or Sentinels with the name of what they watch. A password in the
 * address is a secret.
 */
export const RedisUrl = z
  .string()
  .refine(
    (text) => isSentinelUrl(text) || text.split(",").every((part) => isRedisUrl(part.trim())),
    "must be an address like redis://127.0.0.1:6379 or rediss://user:password@host:6380, several of them with commas for a Cluster, or redis+sentinel://host:port,host:port/name",
  )
  .transform((value) => new Secret(value));

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (protocol === "redis:" || protocol === "rediss:") && hostname !== "";
}

function isSentinelUrl(text: string): boolean {
  const [, scheme, login = "", hosts = "", name] =
    /^(rediss?)\+sentinel:\/\/([^@/]*@)?([^@/]+)\/([^/?]+)(?:\/\d+)?$/.exec(text) ?? [];
  return name !== undefined && hosts.split(",").every((host) => isRedisUrl(`${scheme}://${login}${host}`));
}

/** A text that must not be printed. */
export const SecretText = z.string().transform((value) => new Secret(value));

/** A whole number between two bounds, both included. */
export const integer = (min: number, max = Number.MAX_SAFE_INTEGER) => z.coerce.number().int().min(min).max(max);

/** Reads the variables that `schema` names. Throws ConfigError with every problem. */
export function readEnv<S extends z.ZodObject>(schema: S, env: Environment): z.output<S> {
  const problems: string[] = [];
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = valueOf(name, env, `${name}_FILE` in schema.shape, problems);
    if (value !== undefined) given[name] = value;
  }
  const parsed = schema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0] ?? "environment");
    // A variable whose file could not be read is already reported; that it is missing too would only confuse.
    if (problems.some((problem) => problem.startsWith(`${name}_FILE:`))) continue;
    problems.push(name in given || issue.path.length === 0 ? `${name}: ${issue.message}` : `${name}: is required`);
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems, { cause: parsed.error });
  return parsed.data;
}

function valueOf(name: string, env: Environment, isFileOwnSetting: boolean, problems: string[]): string | undefined {
  const value = env[name] || undefined;
  const path = isFileOwnSetting ? undefined : env[`${name}_FILE`] || undefined;
  if (path === undefined) return value;
  if (value !== undefined) {
    problems.push(`${name}_FILE: is set together with ${name}; set only one`);
    return value;
  }
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "") || undefined;
  } catch (error) {
    problems.push(`${name}_FILE: cannot read ${path} (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}
