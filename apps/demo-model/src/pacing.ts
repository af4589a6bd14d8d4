/**
 * Says tokens at a steady pace. Each has its due time on a grid, so that timers that fire late do not add up; a process that
 * was held up for longer goes on from now instead of catching up in a burst. Without a pace it still lets other streams run
 * every few tokens.
 */
import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";

const TOKENS_PER_TURN = 64;

/** Resolves before each token when it is due; rejects with an AbortError once `signal` is aborted. */
export function createPace(paceMs: number, signal: AbortSignal): () => Promise<void> {
  let due = performance.now();
  let said = 0;
  return async () => {
    signal.throwIfAborted();
    said += 1;
    if (paceMs === 0) {
      if (said % TOKENS_PER_TURN === 0) await nextTurn(undefined, { signal });
      return;
    }
    const now = performance.now();
    due = Math.max(due + paceMs, now - paceMs);
    if (due > now) await delay(due - now, undefined, { signal });
  };
}
