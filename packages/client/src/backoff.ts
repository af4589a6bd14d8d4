/** Waiting between tries, in milliseconds. */

/** Grows by half at every failure up to `maxMs`, and takes 50–100 % of that, so that readers do not return in step. */
export function backoffMs(failures: number, limits: { baseMs: number; maxMs: number }, random: () => number): number {
  const full = Math.min(limits.maxMs, limits.baseMs * 1.5 ** Math.min(failures, 30));
  return full * (0.5 + random() / 2);
}

/** `Retry-After` as milliseconds (seconds or an HTTP date); undefined where it is absent or malformed. */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** Resolves after `ms`, or at once when one of the signals aborts. Never rejects. */
export function wait(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    for (const signal of signals) signal.addEventListener("abort", done);
    if (signals.some((signal) => signal.aborted)) done();
  });
}
