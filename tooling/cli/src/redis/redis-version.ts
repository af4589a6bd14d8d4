/** Redis 7.0 and everything that descends from it (Valkey began at 7.2) is enough; older ones lack what the scripts need. */
const OLDEST_MAJOR = 7;

/** The version in the output of `redis-server --version` or `valkey-server --version`, undefined when there is none. */
export function parseVersion(output: string): string | undefined {
  return /\bv=(\d+\.\d+\.\d+)/.exec(output)?.[1];
}

export const isRecentEnough = (version: string): boolean => Number.parseInt(version, 10) >= OLDEST_MAJOR;
