import type { Catalog } from "@holdfast/bus";
import type { Logger } from "@holdfast/telemetry";
import type { Executor } from "./executor.ts";

const REFRESH_MS = 3_000;
/** A runner that died stops being offered after this. */
const EXPIRE_MS = 10_000;
/** Long enough to be noticed that it was taken away, where another runner does not offer it still. */
const WITHDRAWN_MS = 2_500;

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
      await this.#catalog.report(this.#executors.flatMap((executor) => executor.servers?.() ?? []));
    } catch (error) {
      this.#logger.warn("the catalog of tools cannot be published; trying again", { error });
    }
  }

  /** Says that these are no longer offered here. */
  async withdraw(toolsets: readonly string[]): Promise<void> {
    // What is being published may hold them still.
    await this.#publishing;
    const gone = toolsets.map((toolset) => ({ toolset, state: "disabled", tools: [] }));
    await this.#catalog.publish(gone, WITHDRAWN_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#publishing;
  }
}
