import type { Logger } from "@holdfast/telemetry";
import { ConfigError } from "./config-error.ts";

export interface ReloadParts<Config> {
  /** Throws ConfigError. */
  readonly read: () => Config;
  readonly apply: (config: Config) => Promise<void>;
  readonly logger: Logger;
}

/**
 * Reads the configuration anew while the process works. One that is not valid changes nothing: every problem is logged with
 * its place, and the old one stays in force. Calls are worked off one after the other. Resolves to whether it took effect.
 */
export function createReload<Config>({ read, apply, logger }: ReloadParts<Config>): () => Promise<boolean> {
  let earlier: Promise<unknown> = Promise.resolve();
  async function reload(): Promise<boolean> {
    try {
      await apply(read());
      logger.info("configuration reloaded");
      return true;
    } catch (error) {
      if (!(error instanceof ConfigError)) {
        logger.error("configuration not reloaded", { error });
        return false;
      }
      logger.error("configuration not reloaded: the old one stays", { problems: error.problems });
      return false;
    }
  }
  return () => {
    const reloading = earlier.then(reload);
    earlier = reloading;
    return reloading;
  };
}
