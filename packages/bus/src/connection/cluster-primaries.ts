import type { ClusterMap } from "./cluster-map.ts";
import type { Primaries } from "./commands.ts";
import type { PrimaryLink } from "./primary-link.ts";

/** Longer than a start takes: primaries that are met later came by a failover. */
const START_MS = 5_000;

/** A link to each primary of a Cluster. */
export class ClusterPrimaries implements Primaries {
  readonly #map: ClusterMap;
  readonly #open: (owner: string, isExpected: boolean) => PrimaryLink;
  readonly #links = new Map<string, PrimaryLink>();
  readonly #startedAtMs = performance.now();

  constructor(map: ClusterMap, open: (owner: string, isExpected: boolean) => PrimaryLink) {
    this.#map = map;
    this.#open = open;
    map.onRefresh(() => this.#follow());
  }

  of(key: string): PrimaryLink | undefined {
    const owner = this.#map.ownerOf(key);
    return owner === undefined ? undefined : this.#linkTo(owner);
  }

  all(): readonly PrimaryLink[] {
    return [...this.#links.values()];
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #linkTo(owner: string): PrimaryLink {
    const known = this.#links.get(owner);
    if (known) return known;
    const link = this.#open(owner, performance.now() - this.#startedAtMs < START_MS);
    this.#links.set(owner, link);
    return link;
  }

  /** Servers that own nothing any more are let go. */
  #follow(): void {
    const owners = this.#map.owners();
    for (const owner of owners) this.#linkTo(owner);
    for (const [owner, link] of this.#links) {
      if (owners.has(owner)) continue;
      link.close();
      this.#links.delete(owner);
    }
  }
}
