import type { SseConnection } from "./sse-connection.ts";

/**
 * Every open stream of this process: one heartbeat timer for all, and their end at shutdown.
 *
 * The timer goes round a ring of slots, and each connection belongs to one: each still hears a comment every
 * `heartbeatMs`, without thousands of writes in one event-loop tick.
 */
const SLOTS = 15;
/** At shutdown readers are let go over at most this long, so that they do not all return to another gateway at once. */
const MOST_JITTER_MS = 5_000;
const JITTER_PER_CONNECTION_MS = 5;

export class ConnectionPool {
  readonly #slots: readonly Set<SseConnection>[] = Array.from({ length: SLOTS }, () => new Set<SseConnection>());
  readonly #slotOf = new Map<SseConnection, Set<SseConnection>>();
  readonly #timer: NodeJS.Timeout;
  #turn = 0;
  #next = 0;
  #onEmpty: (() => void) | undefined;

  constructor(heartbeatMs: number) {
    this.#timer = setInterval(() => this.#beat(), heartbeatMs / SLOTS).unref();
  }

  get size(): number {
    return this.#slotOf.size;
  }

  add(connection: SseConnection): void {
    this.#next = (this.#next + 1) % SLOTS;
    const slot = this.#slots[this.#next] ?? new Set();
    slot.add(connection);
    this.#slotOf.set(connection, slot);
  }

  remove(connection: SseConnection): void {
    this.#slotOf.get(connection)?.delete(connection);
    this.#slotOf.delete(connection);
    if (this.#slotOf.size === 0) this.#onEmpty?.();
  }

  /** Destroys every connection, each after a moment of its own within `withinMs`. Resolves when none is left. */
  async close(withinMs: number): Promise<void> {
    clearInterval(this.#timer);
    const spanMs = Math.min(MOST_JITTER_MS, withinMs, this.size * JITTER_PER_CONNECTION_MS);
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.size === 0) resolve();
      for (const connection of this.#slotOf.keys()) setTimeout(() => connection.destroy(), Math.random() * spanMs);
    });
  }

  #beat(): void {
    this.#turn = (this.#turn + 1) % SLOTS;
    for (const connection of this.#slots[this.#turn] ?? []) connection.heartbeat();
  }
}
