import { redact, type Logger } from "@holdfast/telemetry";

const ANSWER_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 2_000;

/** One thing the service needs. `detail` says what is wrong, in words for an operator. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
}

export type Readiness = () => Promise<readonly Check[]>;

/** Asks once. What it throws, or more than two seconds, counts as a failed check; details are redacted. */
export async function examine(ready: Readiness): Promise<readonly Check[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Check[]>((resolve) => {
    const detail = `no answer within ${ANSWER_WITHIN_MS} ms`;
    timer = setTimeout(() => resolve([{ name: "ready", ok: false, detail }]), ANSWER_WITHIN_MS);
  });
  try {
    return redact(await Promise.race([ready(), late]));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return redact([{ name: "ready", ok: false, detail }]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Looks every two seconds, and logs when the service stops being ready, with the reasons, and when it is again. A reason that
 * comes later is logged too, once: a service that first hears nothing from Redis may then be told why.
 */
export function watchReadiness(ready: Readiness, logger: Logger): () => void {
  let lostAtMs: number | undefined;
  const logged = new Set<string>();
  let isClosed = false;
  const look = async (): Promise<void> => {
    const failing = (await examine(ready)).filter(({ ok }) => !ok);
    if (isClosed) return;
    const news = failing.filter(({ name, detail }) => !logged.has(`${name}: ${detail}`));
    if (news.length > 0) {
      lostAtMs ??= Date.now();
      for (const { name, detail } of news) logged.add(`${name}: ${detail}`);
      logger.warn("not ready; trying on", { checks: failing });
    } else if (failing.length === 0 && lostAtMs !== undefined) {
      logger.info("ready again", { after_ms: Date.now() - lostAtMs });
      lostAtMs = undefined;
      logged.clear();
    }
  };
  const again = async (): Promise<void> => {
    await look();
    timer.refresh();
  };
  const timer = setTimeout(() => void again(), LOOK_EVERY_MS).unref();
  return () => {
    isClosed = true;
    clearTimeout(timer);
  };
}
