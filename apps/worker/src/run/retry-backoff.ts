import { setTimeout as delay } from "node:timers/promises";

/** How often and how patiently a model call is tried again. */
export interface RetryPolicy {
  /** Tries after the first. */
  readonly retries: number;
  /** Wait before the first of them; doubles each time. */
  readonly baseMs: number;
}

const LONGEST_MS = 30_000;

/**
 * Exponential with jitter: between half and all of the doubled wait, so that many runs that failed together do not come
 * back together. A server's own wish (`retry-after`) is the least, and a little more for the same reason.
 */
export function retryDelayMs(
  policy: RetryPolicy,
  retry: number,
  wishMs: number | undefined,
  random = Math.random,
): number {
  const full = Math.min(LONGEST_MS, policy.baseMs * 2 ** retry);
  const own = full / 2 + (random() * full) / 2;
  return Math.round(
    wishMs === undefined ? own : Math.max(own, wishMs + random() * Math.min(policy.baseMs, wishMs / 4)),
  );
}

/** Waits; throws the signal's reason when it aborts first. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
