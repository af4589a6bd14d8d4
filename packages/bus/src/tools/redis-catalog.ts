import { ServerInfo } from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import { aliveKey, CATALOG_INDEX_KEY, offersKey, serversKey } from "../keys.ts";
import type { Catalog, CatalogToolset, ServerReport } from "../ports/tool-calls.ts";
import { bestOffer, type Offer } from "./best-offer.ts";

/** Reports are renewed every few seconds by who is alive. */
const REPORTS_KEPT_MS = 60_000;

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

  async report(servers: readonly ServerReport[]): Promise<void> {
    await Promise.all(
      servers.flatMap(({ toolset, ...report }) => {
        const info: ServerInfo = { ...report, runner: this.#instance } as ServerInfo;
        return [
          this.#commands.send((redis) => redis.hset(serversKey(toolset), this.#instance, JSON.stringify(info))),
          this.#commands.send((redis) => redis.pexpire(serversKey(toolset), REPORTS_KEPT_MS)),
        ];
      }),
    );
  }

  async reports(toolset: string): Promise<readonly ServerInfo[]> {
    const stored = await this.#commands.send((redis) => redis.hgetall(serversKey(toolset)));
    const runners = Object.keys(stored).toSorted();
    const living = await Promise.all(
      runners.map((runner) => this.#commands.send((redis) => redis.exists(aliveKey(runner)))),
    );
    const gone = runners.filter((_, at) => living[at] === 0);
    if (gone.length > 0) await this.#commands.send((redis) => redis.hdel(serversKey(toolset), ...gone));
    return runners
      .filter((runner) => !gone.includes(runner))
      .map((runner) => ServerInfo.parse(JSON.parse(stored[runner] ?? "")));
  }

  async #offersOf(toolset: string): Promise<Offer[]> {
    const reply = (await this.#commands.script("offers-1", [offersKey(toolset)], [])).map(text);
    return Array.from({ length: reply.length / 2 }, (_, at) => ({
      sinceMs: Number(reply[2 * at]),
      toolset: JSON.parse(reply[2 * at + 1] ?? "") as CatalogToolset,
    }));
  }
}
