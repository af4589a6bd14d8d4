import { setTimeout as delay } from "node:timers/promises";
import type { Entry, WorkQueue } from "@holdfast/bus";
import type { Logger } from "@holdfast/telemetry";
import { Slots } from "./slots.ts";

export interface ConsumerDeps {
  readonly queue: WorkQueue;
  readonly logger: Logger;
  /** Entries in work at once. */
  readonly concurrency: number;
  /** Never rejects. */
  readonly handle: (entry: Entry) => Promise<void>;
}

/** Also what a stop may have to wait for. */
const BLOCK_MS = 500;
const REAP_MS = 500;
const KEEP_MS = 10_000;
const RETRY_MS = 500;

/**
 * Reads entries while there are free slots, takes over those of dead workers, and keeps those in work fresh.
 * Entries are never fetched ahead: one that waits here dies with us.
 */
export class Consumer {
  readonly #deps: ConsumerDeps;
  readonly #slots: Slots;
  readonly #inWork = new Map<Entry, Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #loops: Promise<void>[] = [];
  #keeping: NodeJS.Timeout | undefined;

  constructor(deps: ConsumerDeps) {
    this.#deps = deps;
    this.#slots = new Slots(deps.concurrency);
  }

  get entriesInWork(): number {
    return this.#inWork.size;
  }

  start(): void {
    this.#loops.push(
      this.#loop((free) => this.#deps.queue.read(free, BLOCK_MS), 0),
      this.#loop((free) => this.#deps.queue.reclaim(free), REAP_MS),
    );
    this.#keeping = setInterval(() => this.#keepAll(), KEEP_MS);
  }

  /** Stops reading. Resolves when every entry that was read is settled. */
  async drain(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
    await Promise.all(this.#inWork.values());
    clearInterval(this.#keeping);
  }

  async #loop(fetch: (free: number) => Promise<Entry[]>, everyMs: number): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // Jitter: the reapers of a fleet must not look all at once.
      if (everyMs > 0) await rest(everyMs * (0.75 + Math.random() / 2), signal);
      await this.#slots.take();
      try {
        if (!signal.aborted) this.#dispatch(await fetch(this.#slots.free + 1));
      } catch (error) {
        if (!signal.aborted) this.#deps.logger.warn("queue not read", { error });
        await rest(RETRY_MS, signal);
      } finally {
        this.#slots.giveBack();
      }
    }
  }

  #dispatch(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const work = this.#run(entry);
      this.#inWork.set(entry, work);
      void work.finally(() => this.#inWork.delete(entry));
    }
  }

  /** Both loops may have fetched for the same free slots: what is over waits its turn. */
  async #run(entry: Entry): Promise<void> {
    await this.#slots.take();
    try {
      await this.#deps.handle(entry);
    } finally {
      this.#slots.giveBack();
    }
  }

  #keepAll(): void {
    for (const entry of this.#inWork.keys()) {
      this.#deps.queue.keep(entry).catch((error: unknown) => this.#deps.logger.debug("entry not kept", { error }));
    }
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
