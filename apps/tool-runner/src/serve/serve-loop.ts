import { setTimeout as delay } from "node:timers/promises";
import type { Entry } from "@holdfast/bus";
import { serveCall, type ServeContext } from "./serve-call.ts";

const BLOCK_MS = 1_000;
const RECLAIM_EVERY_MS = 500;
const TROUBLE_PAUSE_MS = 500;

/** Takes tool calls up to a limit at once, and those of runners that died, until it is stopped. */
export class ServeLoop {
  readonly #context: ServeContext;
  readonly #concurrency: number;
  readonly #working = new Set<Promise<void>>();
  #isStopping = false;
  #loops: Promise<unknown> | undefined;
  #slotFreed: () => void = () => undefined;

  constructor(context: ServeContext, concurrency: number) {
    this.#context = context;
    this.#concurrency = concurrency;
  }

  start(): void {
    this.#loops = Promise.all([this.#repeat(() => this.#readOnce()), this.#repeat(() => this.#reclaimOnce())]);
  }

  /** Takes no more calls, lets those in work end until `withinMs` is over, then aborts them and waits for that. */
  async stop(withinMs: number): Promise<void> {
    this.#isStopping = true;
    this.#slotFreed();
    await Promise.race([this.#workEnded(), delay(withinMs, undefined, { ref: false })]);
    this.#context.running.abortAll("shutdown");
    await this.#workEnded();
    await this.#context.queue.close();
  }

  /** A read that is under way may still bring calls: they are served like the others, while there is something to serve them. */
  async #workEnded(): Promise<void> {
    await this.#loops;
    await Promise.all(this.#working);
  }

  async #repeat(once: () => Promise<void>): Promise<void> {
    while (!this.#isStopping) {
      try {
        await once();
      } catch (error) {
        if (this.#isStopping) return;
        this.#context.logger.warn("the work queue cannot be read; trying again", { error });
        await delay(TROUBLE_PAUSE_MS);
      }
    }
  }

  async #readOnce(): Promise<void> {
    const free = this.#concurrency - this.#working.size;
    if (free <= 0) {
      await new Promise<void>((resolve) => {
        this.#slotFreed = resolve;
      });
      return;
    }
    for (const entry of await this.#context.queue.read(free, BLOCK_MS)) this.#take(entry);
  }

  async #reclaimOnce(): Promise<void> {
    await delay(RECLAIM_EVERY_MS * (0.75 + Math.random() / 2));
    const free = this.#concurrency - this.#working.size;
    if (free > 0 && !this.#isStopping) for (const entry of await this.#context.queue.reclaim(free)) this.#take(entry);
  }

  #take(entry: Entry): void {
    const work = this.#serve(entry).finally(() => {
      this.#working.delete(work);
      this.#slotFreed();
    });
    this.#working.add(work);
  }

  /** Without an acknowledgement the entry stays ours and pending; the next process takes it when we are gone. */
  async #serve(entry: Entry): Promise<void> {
    try {
      await serveCall(entry, this.#context);
    } catch (error) {
      this.#context.logger.error("a tool call could not be answered", {
        topic: entry.topic,
        entry_id: entry.entryId,
        error,
      });
    }
  }
}
