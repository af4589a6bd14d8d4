import type { Bus } from "@holdfast/bus";
import type { Logger } from "@holdfast/telemetry";

/** Jittered, so that the gateways of one Redis do not sweep in step. */
const EVERY_MS = 5_000;

/**
 * Queues again what a process that died had left to queue, and ends approvals that nobody decided in time. Call the answer
 * to stop.
 */
export function startOutboxSweeper(bus: Bus, logger: Logger): () => Promise<void> {
  let sweeping: Promise<void> | undefined;
  let timer = setTimeout(next, EVERY_MS * Math.random());

  async function sweep(): Promise<void> {
    try {
      const turns = await bus.sweepOutbox();
      if (turns > 0) logger.warn("queued accepted messages again", { turns });
      const approvals = await bus.approvals.expireOverdue();
      if (approvals > 0) logger.info("approvals expired", { approvals });
    } catch (error) {
      logger.debug("could not sweep the outbox", { error });
    }
  }
  function next(): void {
    sweeping = sweep().finally(() => {
      sweeping = undefined;
      timer = setTimeout(next, EVERY_MS * (0.75 + Math.random() / 2));
    });
  }
  return async () => {
    await sweeping;
    clearTimeout(timer);
  };
}
