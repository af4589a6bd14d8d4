import type { Catalog } from "@holdfast/bus";
import type { Logger } from "@holdfast/telemetry";
import type { Executor } from "./executor.ts";

const REFRESH_MS = 3_000;
/** A runner that died stops being offered after this. */
const EXPIRE_MS = 10_000;

/** Keeps the catalog in Redis true: at once after a change, and again and again so that it does not expire. */
export class Offers {
  readonly #catalog: Catalog;
  readonly #executors: readonly Executor[];
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #publishing: Promise<void> = Promise.resolve();

  constructor(catalog: Catalog, executors: readonly Executor[], logger: Logger) {
    this.#catalog = catalog;
    this.#executors = executors;
    this.#logger = logger;
  }

  /** Resolves when the first offers stand: from then on a worker knows what is coming. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => this.publish(), REFRESH_MS);
    this.publish();
    await this.#publishing;
  }

  /** In order: an older state never overwrites a newer one. */
  publish(): void {
    this.#publishing = this.#publishAfter(this.#publishing);
  }

  async #publishAfter(earlier: Promise<void>): Promise<void> {
    await earlier;
    const offers = this.#executors.flatMap((executor) => executor.toolsets());
    try {
      await this.#catalog.publish(offers, EXPIRE_MS);
    } catch (error) {
      this.#logger.warn("the catalog of tools cannot be published; trying again", { error });
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#publishing;
  }
}
