import { setTimeout as delay } from "node:timers/promises";
import type { Catalog, CatalogToolset } from "@holdfast/bus";

/** An offer that came or went is seen by the next step that begins this much later. */
const FRESH_MS = 2_000;
/** How long a server that starts is waited for. */
const PATIENCE_MS = 3_000;
const LOOK_AGAIN_MS = 100;

/** The tool catalog, read at most every two seconds however many runs ask. While Redis does not answer, the last one holds. */
export class CatalogCache {
  readonly #catalog: Catalog;
  #known: readonly CatalogToolset[] | undefined;
  #readAtMs = 0;
  readonly #startingSince = new Map<string, number>();
  #reading: Promise<readonly CatalogToolset[]> | undefined;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /**
   * The catalog, once no toolset that `isWanted` is still starting: right after a start a model must not be told that it has
   * no tools. A server gets this patience once, not at every run.
   */
  async settled(isWanted: (toolset: string) => boolean, signal: AbortSignal): Promise<readonly CatalogToolset[]> {
    for (;;) {
      const catalog = await this.current();
      const now = Date.now();
      const starting = catalog.filter(({ toolset, state }) => state === "starting" && isWanted(toolset));
      for (const { toolset } of starting) if (!this.#startingSince.has(toolset)) this.#startingSince.set(toolset, now);
      const isPatient = ({ toolset }: CatalogToolset) => now - (this.#startingSince.get(toolset) ?? now) < PATIENCE_MS;
      if (!starting.some(isPatient)) return catalog;
      await delay(LOOK_AGAIN_MS, undefined, { signal });
      this.#readAtMs = 0;
    }
  }

  async current(): Promise<readonly CatalogToolset[]> {
    if (this.#known !== undefined && Date.now() - this.#readAtMs < FRESH_MS) return this.#known;
    this.#reading ??= this.#read();
    return this.#reading;
  }

  async #read(): Promise<readonly CatalogToolset[]> {
    try {
      this.#known = await this.#catalog.read();
      this.#readAtMs = Date.now();
      return this.#known;
    } catch (error) {
      if (this.#known === undefined) throw error;
      return this.#known;
    } finally {
      this.#reading = undefined;
    }
  }
}
