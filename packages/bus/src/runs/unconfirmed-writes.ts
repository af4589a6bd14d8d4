/** What one append wrote: events, and what became durable with them. */
export interface AppendedBatch {
  readonly payloads: readonly string[];
  /** Field/value arguments for the run's hash. */
  readonly fields: readonly string[];
}

export const isEmpty = ({ payloads, fields }: AppendedBatch): boolean => payloads.length === 0 && fields.length === 0;

interface KeptFields {
  /** Run-sequence of the first event they were written with. */
  readonly first: number;
  readonly fields: readonly string[];
  readonly length: number;
}

/** UTF-16 units: many seconds of any model's text, more than a failover loses. */
const MOST_LENGTH = 1 << 20;

/**
 * The newest appends of a running run. A failover may lose the last of them after they were acknowledged; whoever wrote them
 * writes them again. Bounded: the oldest go first, and no replica is that far behind.
 *
 * They are kept for every token of every run, so one string each and nothing around it: the garbage collector walks over
 * whatever there is many times.
 */
export class UnconfirmedWrites {
  #payloads: string[] = [];
  /** Run-sequence of the oldest payload. */
  #first = 1;
  #fields: KeptFields[] = [];
  #length = 0;

  /** Each begins where the one before it ended. */
  add(first: number, { payloads, fields }: AppendedBatch): void {
    if (this.#payloads.length === 0) this.#first = first;
    for (const payload of payloads) {
      this.#payloads.push(payload);
      this.#length += payload.length;
    }
    if (fields.length > 0) {
      const length = fields.reduce((sum, field) => sum + field.length, 0);
      this.#fields.push({ first, fields, length });
      this.#length += length;
    }
    if (this.#length > MOST_LENGTH && payloads.length > 0) this.#forget(payloads.length);
  }

  /** All that was written after run-sequence `have`, as one batch; undefined where that is not kept any more. */
  after(have: number): AppendedBatch | undefined {
    const from = have + 1 - this.#first;
    if (from < 0 || from >= this.#payloads.length) return undefined;
    const lost = this.#fields.filter(({ first }) => first > have);
    return { payloads: this.#payloads.slice(from), fields: lost.flatMap(({ fields }) => fields) };
  }

  /** Half of it at once, but for the newest batch: moving what stays costs as much each time. */
  #forget(newest: number): void {
    let [drop, dropFields] = [0, 0];
    while (this.#length > MOST_LENGTH / 2 && drop < this.#payloads.length - newest) {
      this.#length -= this.#payloads[drop]?.length ?? 0;
      drop += 1;
      // What was written with an event that is gone cannot be written again with it.
      for (let of = this.#fields[dropFields]; of && of.first < this.#first + drop; of = this.#fields[dropFields]) {
        this.#length -= of.length;
        dropFields += 1;
      }
    }
    this.#payloads = this.#payloads.slice(drop);
    this.#first += drop;
    this.#fields = this.#fields.slice(dropFields);
  }
}
