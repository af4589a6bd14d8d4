import type { Control, ControlListener } from "@holdfast/bus";
import type { HoldfastConfig } from "@holdfast/protocol";
import { createReload } from "@holdfast/runtime";
import type { Logger } from "@holdfast/telemetry";
import { setTimeout as delay } from "node:timers/promises";
import type { Configured } from "./configured.ts";

const TRY_AGAIN_MS = 1_000;

/**
 * Reads holdfast.yaml again when any of its agents is told to `reload` (protocol §2.7), so that new agents are known here when
 * the workers serve them. Answers how to stop. A Redis that is not there yet is waited for in the background.
 */
export function obeyReload(
  control: Control,
  configured: Configured,
  readFile: () => HoldfastConfig,
  logger: Logger,
): () => Promise<void> {
  const stopping = new AbortController();
  const reload = createReload({
    logger,
    read: readFile,
    async apply(file) {
      configured.take(file);
      await listener?.add([...configured.agents]);
    },
  });
  let listener: ControlListener | undefined;

  async function listen(): Promise<void> {
    while (!stopping.signal.aborted && listener === undefined) {
      try {
        listener = await control.listen([...configured.agents], (_agent, command) => {
          if (command.type === "reload") void reload();
        });
      } catch (error) {
        logger.debug("control topics not read yet", { error });
        await delay(TRY_AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }
  const listening = listen();
  return async () => {
    stopping.abort();
    await listening;
    await listener?.stop();
  };
}
