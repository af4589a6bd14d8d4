import { type Bus, BusUnavailable } from "@holdfast/bus";
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
    await attempt("could not sweep the outbox", async () => {
      const turns = await bus.sweepOutbox();
      if (turns > 0) logger.warn("queued accepted messages again", { turns });
    });
    await attempt("could not end overdue approvals", async () => {
      const approvals = await bus.approvals.expireOverdue();
      if (approvals > 0) logger.info("approvals expired", { approvals });
    });
  }
  async function attempt(failure: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      // That Redis is away is said by `/ready` and in its own line.
      logger[error instanceof BusUnavailable ? "debug" : "warn"](failure, { error });
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
