import type { Catalog, CatalogToolset } from "@holdfast/bus";

/** An offer that came or went is seen by the next step that begins this much later. */
const FRESH_MS = 2_000;

/** The tool catalog, read at most every two seconds however many runs ask. While Redis does not answer, the last one holds. */
export class CatalogCache {
  readonly #catalog: Catalog;
  #known: readonly CatalogToolset[] | undefined;
  #readAtMs = 0;
  #reading: Promise<readonly CatalogToolset[]> | undefined;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
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
