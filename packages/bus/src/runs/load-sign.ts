import type { Commands } from "../connection/commands.ts";
import { loadKey } from "../keys.ts";

/** Of a process that is gone somebody learns soon; this is for how long Redis may have been away. */
const KEPT_MS = 86_400_000;

/**
 * How many runs this process has, for those who find it dead: a run that was alone is the one that killed it. Written
 * before a run is claimed and after it is given up, so it is never too small; a write that is lost makes nobody guilty.
 */
export class LoadSign {
  readonly #commands: Commands;
  readonly #instance: string;
  #runs = 0;

  constructor(commands: Commands, instance: string) {
    this.#commands = commands;
    this.#instance = instance;
  }

  add(): void {
    this.#runs += 1;
    this.#show();
  }

  remove(): void {
    this.#runs -= 1;
    this.#show();
  }

  /** Whether the process had a single run when it was last heard of. */
  async wasOne(instance: string): Promise<boolean> {
    return (await this.#commands.send((redis) => redis.get(loadKey(instance)))) === "1";
  }

  /** Commands of one connection keep their order: what follows in this tick comes after it. */
  #show(): void {
    this.#commands
      .send((redis) => redis.set(loadKey(this.#instance), this.#runs, "PX", KEPT_MS))
      .catch(() => undefined);
  }
}
