import type { Commands } from "../connection/commands.ts";
import { CATALOG_INDEX_KEY, catalogKey } from "../keys.ts";
import type { Catalog, CatalogToolset } from "../ports/tool-calls.ts";

export class RedisCatalog implements Catalog {
  readonly #commands: Commands;

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  async publish(toolsets: readonly CatalogToolset[], ttlMs: number): Promise<void> {
    await Promise.all(
      toolsets.flatMap((toolset) => [
        this.#commands.script("offer-1", [catalogKey(toolset.toolset)], [JSON.stringify(toolset), ttlMs]),
        this.#commands.script("enlist-1", [CATALOG_INDEX_KEY], [toolset.toolset, ""]),
      ]),
    );
  }

  async read(): Promise<readonly CatalogToolset[]> {
    const names = (await this.#commands.send((redis) => redis.smembers(CATALOG_INDEX_KEY))).toSorted();
    const offers = await Promise.all(names.map((name) => this.#commands.send((redis) => redis.get(catalogKey(name)))));
    return offers.flatMap((offer) => (offer ? [JSON.parse(offer) as CatalogToolset] : []));
  }
}
