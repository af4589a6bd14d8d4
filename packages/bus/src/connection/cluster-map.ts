import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "ioredis";
import { keySlot } from "./key-slot.ts";
import type { HostPort } from "./redis-address.ts";

const LOOK_MS = 50;
const MOST_WAIT_MS = 2_000;

/** Which server of a Cluster owns which slot, as far as is known; learnt again when something hints at a change. */
export class ClusterMap {
  readonly #cluster: Cluster;
  readonly #listeners = new Set<() => void>();
  #isRefreshing = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.on("refresh", () => this.#listeners.forEach((listener) => listener()));
  }

  /** `host:port`, undefined while it is not known. */
  ownerOf(key: string): string | undefined {
    return this.#cluster.slots[keySlot(key)]?.[0];
  }

  /** Waits for a Cluster that is only being met. Throws when it takes long. */
  async findOwner(key: string): Promise<string> {
    for (let waitedMs = 0; waitedMs < MOST_WAIT_MS; waitedMs += LOOK_MS) {
      const owner = this.ownerOf(key);
      if (owner !== undefined) return owner;
      await delay(LOOK_MS);
    }
    throw new Error("no primary is known");
  }

  owners(): ReadonlySet<string> {
    const owners = new Set<string>();
    for (const servers of this.#cluster.slots) if (servers?.[0]) owners.add(servers[0]);
    return owners;
  }

  /** A key with this prefix that the server owns. */
  keyOf(owner: string, prefix: string): string {
    for (let number = 0; number < 16_384; number += 1) {
      const key = `${prefix}:${number}`;
      if (this.ownerOf(key) === owner) return key;
    }
    return `${prefix}:0`;
  }

  onRefresh(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Something was not where it should be. */
  refresh(): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    this.#cluster.refreshSlotsCache(() => {
      this.#isRefreshing = false;
    });
  }
}

export function addressOf(owner: string): HostPort {
  const colon = owner.lastIndexOf(":");
  return { host: owner.slice(0, colon), port: Number(owner.slice(colon + 1)) };
}
