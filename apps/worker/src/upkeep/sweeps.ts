import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@holdfast/telemetry";

/** Something that is done again and again, by every worker: it must be safe together with others who do the same. */
export interface Sweep {
  readonly name: string;
  readonly everyMs: number;
  /** Answers how much there was to do. */
  readonly run: () => Promise<number>;
}

/** Jittered, so that the workers of one Redis do not sweep in step. A sweep that fails comes again. Call the answer to stop. */
export function startSweeps(sweeps: readonly Sweep[], logger: Logger): () => Promise<void> {
  const stopping = new AbortController();
  const loops = sweeps.map((sweep) => loop(sweep, logger, stopping.signal));
  return async () => {
    stopping.abort();
    await Promise.all(loops);
  };
}

async function loop({ name, everyMs, run }: Sweep, logger: Logger, signal: AbortSignal): Promise<void> {
  for (;;) {
    await delay(everyMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const done = await run();
      if (done > 0) logger.debug("swept", { sweep: name, done });
    } catch (error) {
      if (!signal.aborted) logger.debug("sweep failed", { sweep: name, error });
    }
  }
}
