/**
 * Where Redis comes from, in this order: REDIS_URL; a redis-server or valkey-server on PATH; on Debian and Ubuntu the
 * distribution's own package, unpacked into the project's cache (or, where that fails and we are root, installed by apt);
 * Docker; and else an error with the command that installs it. The looking is injected, so that each decision is testable.
 */
import { installHelp, type System } from "./install-help.ts";
import { isRecentEnough } from "./redis-version.ts";

export interface RedisProbes {
  readonly redisUrl: string | undefined;
  readonly system: System;
  readonly isRoot: boolean;
  /** The absolute path of a program on PATH, undefined when there is none. */
  which(name: string): string | undefined;
  /** The version a server program reports, undefined when it does not run. */
  versionOf(path: string): string | undefined;
  /** Fetches the distribution's package into the cache: the path of the server in it. Throws with the reason. */
  fetchPackage(): Promise<string>;
  /** Installs the distribution's package with apt. Throws with the reason. */
  installPackage(): Promise<string>;
  hasDocker(): boolean;
}

export type RedisSource =
  | { readonly kind: "url"; readonly url: string }
  | {
      readonly kind: "server";
      readonly path: string;
      readonly version: string;
      readonly origin: "path" | "cache" | "apt";
    }
  | { readonly kind: "docker" }
  | { readonly kind: "none"; readonly help: string };

type Server = Extract<RedisSource, { kind: "server" }>;
const PROGRAMS = ["redis-server", "valkey-server"];

export async function findRedis(probes: RedisProbes): Promise<RedisSource> {
  if (probes.redisUrl !== undefined && probes.redisUrl !== "") return { kind: "url", url: probes.redisUrl };
  const tried: string[] = [];
  const server = onPath(probes, tried) ?? (await fromDistribution(probes, tried));
  if (server) return server;
  if (probes.hasDocker()) return { kind: "docker" };
  tried.push("Docker does not run here");
  return { kind: "none", help: installHelp(probes.system, tried) };
}

function usable(probes: RedisProbes, path: string, origin: Server["origin"], tried: string[]): Server | undefined {
  const version = probes.versionOf(path);
  if (version !== undefined && isRecentEnough(version)) return { kind: "server", path, version, origin };
  tried.push(version === undefined ? `${path} does not run` : `${path} is version ${version}, 7.0 is needed`);
  return undefined;
}

function onPath(probes: RedisProbes, tried: string[]): Server | undefined {
  for (const program of PROGRAMS) {
    const path = probes.which(program);
    const server = path === undefined ? undefined : usable(probes, path, "path", tried);
    if (server) return server;
  }
  tried.push("there is no usable redis-server or valkey-server on PATH");
  return undefined;
}

async function fromDistribution(probes: RedisProbes, tried: string[]): Promise<Server | undefined> {
  if (probes.system !== "debian") return undefined;
  const ways = [
    { origin: "cache", get: () => probes.fetchPackage() },
    ...(probes.isRoot ? [{ origin: "apt", get: () => probes.installPackage() } as const] : []),
  ] as const;
  for (const { origin, get } of ways) {
    try {
      const server = usable(probes, await get(), origin, tried);
      if (server) return server;
    } catch (error) {
      tried.push(`the distribution's package: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return undefined;
}
