/**
 * Counts of durations in buckets that grow with the value, as HdrHistogram does: 64 per power of two, so a percentile is at
 * most 1.6 % too high, and recording one costs an increment however many there are.
 */
const SUB_BITS = 6;
const SUB_BUCKETS = 2 ** SUB_BITS;
const POWERS = 40;

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export class Histogram {
  readonly #buckets = new Uint32Array(SUB_BUCKETS * POWERS);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** A value of at least 0, in any unit; whole numbers. Below 0 counts as 0: two clock readings of one microsecond may swap. */
  record(value: number): void {
    const whole = value > 0 ? Math.floor(value) : 0;
    const bucket = bucketOf(whole);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    if (whole > this.#max) this.#max = whole;
  }

  /** The value that `percent` of all values do not exceed; 0 where nothing was recorded. */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.ceil((this.#count * percent) / 100));
    let seen = 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      seen += count;
      if (seen >= wanted) return Math.min(highestOf(bucket), this.#max);
    }
    return 0;
  }

  summary(): Percentiles {
    const [p50 = 0, p95 = 0, p99 = 0] = [50, 95, 99].map((percent) => this.percentile(percent));
    return { count: this.#count, p50, p95, p99, max: this.#max };
  }
}

/** Values below 64 have a bucket each; above, the top six bits after the leading one choose it. */
function bucketOf(value: number): number {
  if (value < SUB_BUCKETS) return value;
  const power = Math.floor(Math.log2(value));
  const shift = power - SUB_BITS;
  const sub = Math.floor(value / 2 ** shift) - SUB_BUCKETS;
  return Math.min((shift + 1) * SUB_BUCKETS + sub, SUB_BUCKETS * POWERS - 1);
}

function highestOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  const sub = bucket % SUB_BUCKETS;
  return (SUB_BUCKETS + sub + 1) * 2 ** shift - 1;
}
