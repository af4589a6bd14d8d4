import { describe, expect, it } from "@jest/globals";
import { findRedis, type RedisProbes } from "./find-redis.ts";
import { installHelp, systemOf } from "./install-help.ts";
import { parseVersion } from "./redis-version.ts";

const VERSIONS: Record<string, string> = {
  "/usr/bin/redis-server": "7.0.15",
  "/old/redis-server": "6.0.16",
  "/usr/bin/valkey-server": "8.1.1",
  "/cache/redis-server": "7.0.15",
};

function probes(overrides: Partial<RedisProbes>): RedisProbes {
  return {
    redisUrl: undefined,
    system: "debian",
    isRoot: false,
    which: () => undefined,
    versionOf: (path) => VERSIONS[path],
    fetchPackage: () => Promise.reject(new Error("no network")),
    installPackage: () => Promise.reject(new Error("not root")),
    hasDocker: () => false,
    ...overrides,
  };
}

describe("findRedis", () => {
  it("REDIS_URL wins over everything on the machine", async () => {
    const found = await findRedis(probes({ redisUrl: "redis://db:6379", which: () => "/usr/bin/redis-server" }));
    expect(found).toEqual({ kind: "url", url: "redis://db:6379" });
  });

  it("an empty REDIS_URL counts as none", async () => {
    const found = await findRedis(probes({ redisUrl: "", which: () => "/usr/bin/redis-server" }));
    expect(found).toEqual({ kind: "server", path: "/usr/bin/redis-server", version: "7.0.15", origin: "path" });
  });

  it("a server on PATH is preferred to a download", async () => {
    const which = (name: string) => (name === "valkey-server" ? "/usr/bin/valkey-server" : undefined);
    expect(await findRedis(probes({ which }))).toMatchObject({ path: "/usr/bin/valkey-server", origin: "path" });
  });

  it("a server that is too old is passed over", async () => {
    const which = (name: string) => (name === "redis-server" ? "/old/redis-server" : undefined);
    const fetchPackage = () => Promise.resolve("/cache/redis-server");
    expect(await findRedis(probes({ which, fetchPackage }))).toMatchObject({ origin: "cache" });
  });

  it("where the package cannot be fetched, root installs it with apt", async () => {
    const installPackage = () => Promise.resolve("/usr/bin/redis-server");
    expect(await findRedis(probes({ isRoot: true, installPackage }))).toMatchObject({ origin: "apt" });
    expect(await findRedis(probes({ isRoot: false, installPackage }))).toMatchObject({ kind: "none" });
  });

  it("other systems never try Debian's packages, and use Docker", async () => {
    const fetchPackage = () => Promise.resolve("/cache/redis-server");
    expect(await findRedis(probes({ system: "macos", fetchPackage, hasDocker: () => true }))).toEqual({
      kind: "docker",
    });
  });

  it("with nothing at all the error says what was tried and the exact command", async () => {
    const found = await findRedis(probes({}));
    expect(found.kind).toBe("none");
    const help = found.kind === "none" ? found.help : "";
    expect(help).toContain("no network");
    expect(help).toContain("sudo apt-get install -y redis-server");
  });
});

it("the system is read from os-release, also through ID_LIKE", () => {
  expect(systemOf("linux", 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n')).toBe("debian");
  expect(systemOf("linux", 'ID="linuxmint"\nID_LIKE="ubuntu debian"\n')).toBe("debian");
  expect(systemOf("linux", 'ID="rocky"\nID_LIKE="rhel centos fedora"\n')).toBe("fedora");
  expect(systemOf("linux", "ID=nixos\n")).toBe("linux");
  expect(systemOf("darwin", "")).toBe("macos");
  expect(installHelp("macos", [])).toContain("brew install redis");
});

it("the version is read from what the server prints of itself", () => {
  expect(parseVersion("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64")).toBe("7.0.15");
  expect(parseVersion("Valkey server v=8.1.1 sha=00000000:0")).toBe("8.1.1");
  expect(parseVersion("command not found")).toBeUndefined();
});
