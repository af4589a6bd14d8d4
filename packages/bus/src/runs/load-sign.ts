import type { Commands } from "../connection/commands.ts";
import { loadKey } from "../keys.ts";

/** Of a process that is gone somebody learns soon; this is for how long Redis may have been away. */
const KEPT_MS = 86_400_000;
/** What a Redis has lost is soon said again by a process that is at work. */
const AGAIN_MS = 1_000;

/**
 * How many runs this process has, for those who find it dead: a run that was alone is the one that killed it. Whether it is
 * one is written before a run is claimed and after it is given up, so it never says so of two; a write that is lost makes
 * nobody guilty. Among many runs that begin and end it is written now and then.
 */
export class LoadSign {
  readonly #commands: Commands;
  readonly #instance: string;
  #runs = 0;
  #saysOne = false;
  #saidAtMs = -Infinity;

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
    const isOne = this.#runs === 1;
    const nowMs = performance.now();
    if (isOne === this.#saysOne && nowMs - this.#saidAtMs < AGAIN_MS) return;
    this.#saysOne = isOne;
    this.#saidAtMs = nowMs;
    this.#commands
      .send((redis) => redis.set(loadKey(this.#instance), this.#runs, "PX", KEPT_MS))
      .catch(() => undefined);
  }
}
