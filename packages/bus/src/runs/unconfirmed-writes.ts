/** What one append wrote: events, and what became durable with them. */
export interface AppendedBatch {
  readonly payloads: readonly string[];
  /** Field/value arguments for the run's hash. */
  readonly fields: readonly string[];
}

export const isEmpty = ({ payloads, fields }: AppendedBatch): boolean => payloads.length === 0 && fields.length === 0;

interface Kept extends AppendedBatch {
  /** Run-sequence of the first event. */
  readonly first: number;
  readonly bytes: number;
}

/** Many seconds of any model's text: more than a failover loses. */
const MOST_BYTES = 1 << 20;

/**
 * The newest appends of a running run. A failover may lose the last of them after they were acknowledged; whoever wrote them
 * writes them again. Bounded: the oldest go first, and no replica is that far behind.
 */
export class UnconfirmedWrites {
  #kept: Kept[] = [];
  #bytes = 0;

  add(first: number, batch: AppendedBatch): void {
    if (isEmpty(batch)) return;
    const { payloads, fields } = batch;
    let bytes = 0;
    for (const part of payloads) bytes += part.length;
    for (const part of fields) bytes += part.length;
    this.#kept.push({ first, payloads, fields, bytes });
    this.#bytes += bytes;
    let drop = 0;
    while (this.#bytes > MOST_BYTES && drop < this.#kept.length - 1) {
      this.#bytes -= this.#kept[drop]?.bytes ?? 0;
      drop += 1;
    }
    if (drop > 0) this.#kept = this.#kept.slice(drop);
  }

  /** All that was written after run-sequence `have`, as one batch; undefined where that is not kept any more. */
  after(have: number): AppendedBatch | undefined {
    const from = this.#kept.findIndex(({ first, payloads }) => first + payloads.length - 1 > have);
    const lost = from === -1 ? [] : this.#kept.slice(from);
    const [oldest] = lost;
    // A batch is one script call: it is there as a whole or not at all.
    if (oldest?.first !== have + 1) return undefined;
    return { payloads: lost.flatMap(({ payloads }) => payloads), fields: lost.flatMap(({ fields }) => fields) };
  }
}
