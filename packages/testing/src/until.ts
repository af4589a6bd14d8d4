import { setTimeout as delay } from "node:timers/promises";

export interface UntilOptions {
  /** Milliseconds before it gives up; default 10000. */
  timeoutMs?: number;
  /** Milliseconds between two looks; default 10. */
  intervalMs?: number;
  /** What was awaited, for the error message. */
  what?: string;
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | "">;

/**
 * Looks at `condition` until it returns something truthy, and returns that.
 * A condition that throws counts as not met yet; the last error becomes the `cause` when the time is up.
 */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions = {}): Promise<Truthy<T>> {
  const { timeoutMs = 10_000, intervalMs = 10, what = condition.toString() } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Truthy<T>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) throw new Error(`not true within ${timeoutMs} ms: ${what}`, { cause });
    await delay(intervalMs);
  }
}
