import { type Commands, text } from "../connection/commands.ts";
import { CATALOG_INDEX_KEY, offersKey } from "../keys.ts";
import type { Catalog, CatalogToolset } from "../ports/tool-calls.ts";
import { bestOffer, type Offer } from "./best-offer.ts";

export class RedisCatalog implements Catalog {
  readonly #commands: Commands;
  readonly #instance: string;

  constructor(commands: Commands, instance: string) {
    this.#commands = commands;
    this.#instance = instance;
  }

  async publish(toolsets: readonly CatalogToolset[], ttlMs: number): Promise<void> {
    await Promise.all(
      toolsets.flatMap((toolset) => [
        this.#commands.script(
          "offer-1",
          [offersKey(toolset.toolset)],
          [this.#instance, JSON.stringify(toolset), ttlMs],
        ),
        this.#commands.script("enlist-1", [CATALOG_INDEX_KEY], [toolset.toolset, ""]),
      ]),
    );
  }

  async read(): Promise<readonly CatalogToolset[]> {
    const names = (await this.#commands.send((redis) => redis.smembers(CATALOG_INDEX_KEY))).toSorted();
    const offered = await Promise.all(names.map(async (name) => bestOffer(await this.#offersOf(name))));
    return offered.filter((offer) => offer !== undefined);
  }

  async #offersOf(toolset: string): Promise<Offer[]> {
    const reply = (await this.#commands.script("offers-1", [offersKey(toolset)], [])).map(text);
    return Array.from({ length: reply.length / 2 }, (_, at) => ({
      sinceMs: Number(reply[2 * at]),
      toolset: JSON.parse(reply[2 * at + 1] ?? "") as CatalogToolset,
    }));
  }
}
