import type { RunLease } from "@holdfast/bus";

/** The runs this worker holds, so that a bell for one of them finds its lease. */
export class ActiveRuns {
  readonly #leases = new Map<string, RunLease>();

  get size(): number {
    return this.#leases.size;
  }

  find(runId: string): RunLease | undefined {
    return this.#leases.get(runId);
  }

  async during<T>(lease: RunLease, work: () => Promise<T>): Promise<T> {
    this.#leases.set(lease.run.id, lease);
    try {
      return await work();
    } finally {
      // Another claim of the same run may have taken the place.
      if (this.#leases.get(lease.run.id) === lease) this.#leases.delete(lease.run.id);
    }
  }
}
