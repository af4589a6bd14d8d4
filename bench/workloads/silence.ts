import { Histogram } from "../measure/histogram.ts";
import type { Metrics } from "../load/job.ts";

/**
 * Longest pause, microseconds, that a reader saw end after the kill: from the last token before the pause to the next one.
 * Undefined where no token came any more. `arrivalsUs` rises.
 */
export function silenceAfter(arrivalsUs: readonly number[], killedAtUs: number): number | undefined {
  let longest: number | undefined;
  for (const [index, atUs] of arrivalsUs.entries()) {
    if (atUs <= killedAtUs) continue;
    const pause = atUs - (arrivalsUs[index - 1] ?? killedAtUs);
    if (longest === undefined || pause > longest) longest = pause;
  }
  return longest;
}

/** Of the chats whose model call died with the killed process. */
export function silenceMetrics(affected: readonly (readonly number[])[], killedAtUs: number): Metrics {
  const silences = affected.map((arrivalsUs) => silenceAfter(arrivalsUs, killedAtUs));
  const ended = new Histogram();
  for (const silence of silences) if (silence !== undefined) ended.record(silence);
  const { p50, p95, max } = ended.summary();
  return {
    affected: affected.length,
    silent_for_good: silences.filter((silence) => silence === undefined).length,
    ...(ended.count > 0
      ? { silence_p50_ms: p50 / 1_000, silence_p95_ms: p95 / 1_000, silence_max_ms: max / 1_000 }
      : {}),
  };
}
