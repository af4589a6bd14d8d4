/** The answers of this machine to what find-redis.ts asks. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { answerOf, which } from "../commands.ts";
import { ROOT } from "../project.ts";
import { fetchRedisPackage, installRedisPackage } from "./debian-package.ts";
import type { RedisProbes } from "./find-redis.ts";
import { systemOf } from "./install-help.ts";
import { parseVersion } from "./redis-version.ts";

const OS_RELEASE = "/etc/os-release";

/** `onFetch` is called before anything is downloaded, which takes seconds and deserves a word. */
export function machineProbes(redisUrl: string | undefined, onFetch: (what: string) => void): RedisProbes {
  return {
    redisUrl,
    system: systemOf(process.platform, existsSync(OS_RELEASE) ? readFileSync(OS_RELEASE, "utf8") : ""),
    isRoot: process.getuid?.() === 0,
    which: (name) => which(name),
    versionOf: (path) => parseVersion(answerOf(path, ["--version"]) ?? ""),
    fetchPackage: () => {
      onFetch("looking for the distribution's package …");
      return fetchRedisPackage(join(ROOT, ".cache", "redis"));
    },
    installPackage: () => {
      onFetch("installing redis-server with apt …");
      return installRedisPackage();
    },
    hasDocker: () => answerOf("docker", ["info"]) !== undefined,
  };
}
