import { setTimeout as delay } from "node:timers/promises";
import type { Catalog, CatalogToolset } from "@holdfast/bus";

/** An offer that came or went is seen by the next step that begins this much later. */
const FRESH_MS = 2_000;
/** How long a server that starts is waited for. */
const PATIENCE_MS = 3_000;
const LOOK_AGAIN_MS = 100;
/**
 * How long an offer that vanished still stands. While Redis was out of reach nobody could renew one, and afterwards not
 * everybody comes back at the same instant: a run must not be told in between that its tools do not exist.
 */
const GONE_AFTER_MS = 15_000;

/** The tool catalog, read at most every two seconds however many runs ask. While Redis does not answer, the last one holds. */
export class CatalogCache {
  readonly #catalog: Pick<Catalog, "read">;
  readonly #now: () => number;
  #known: readonly CatalogToolset[] | undefined;
  #readAtMs = 0;
  readonly #startingSince = new Map<string, number>();
  readonly #missingSince = new Map<string, number>();
  #reading: Promise<readonly CatalogToolset[]> | undefined;

  /** `now` in milliseconds since the epoch. */
  constructor(catalog: Pick<Catalog, "read">, now: () => number = Date.now) {
    this.#catalog = catalog;
    this.#now = now;
  }

  /**
   * The catalog, once no toolset that `isWanted` is still starting: right after a start a model must not be told that it has
   * no tools. A server gets this patience once, not at every run.
   */
  async settled(isWanted: (toolset: string) => boolean, signal: AbortSignal): Promise<readonly CatalogToolset[]> {
    for (;;) {
      const catalog = await this.current();
      const now = this.#now();
      const starting = catalog.filter(({ toolset, state }) => state === "starting" && isWanted(toolset));
      for (const { toolset } of starting) if (!this.#startingSince.has(toolset)) this.#startingSince.set(toolset, now);
      const isPatient = ({ toolset }: CatalogToolset) => now - (this.#startingSince.get(toolset) ?? now) < PATIENCE_MS;
      if (!starting.some(isPatient)) return catalog;
      await delay(LOOK_AGAIN_MS, undefined, { signal });
      this.#readAtMs = 0;
    }
  }

  async current(): Promise<readonly CatalogToolset[]> {
    if (this.#known !== undefined && this.#now() - this.#readAtMs < FRESH_MS) return this.#known;
    this.#reading ??= this.#read();
    return this.#reading;
  }

  async #read(): Promise<readonly CatalogToolset[]> {
    try {
      this.#known = this.#withAbsent(await this.#catalog.read());
      this.#readAtMs = this.#now();
      return this.#known;
    } catch (error) {
      if (this.#known === undefined) throw error;
      return this.#known;
    } finally {
      this.#reading = undefined;
    }
  }

  #withAbsent(offered: readonly CatalogToolset[]): readonly CatalogToolset[] {
    const now = this.#now();
    const present = new Set(offered.map(({ toolset }) => toolset));
    // Since when an offer is missing is told by reads that succeeded: a time without any says nothing.
    for (const { toolset } of this.#known ?? []) {
      if (!present.has(toolset) && !this.#missingSince.has(toolset)) this.#missingSince.set(toolset, now);
    }
    for (const toolset of present) this.#missingSince.delete(toolset);
    const absent = (this.#known ?? []).filter(({ toolset }) => {
      const since = this.#missingSince.get(toolset);
      return since !== undefined && now - since < GONE_AFTER_MS;
    });
    return [...offered, ...absent];
  }
}
