import { setInterval as every } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";
import type { Commands } from "../connection/commands.ts";
import { aliveKey, presenceKey } from "../keys.ts";
import type { Presence } from "../ports/control.ts";

/** A death is noticed after at most TTL; a beat may come late by the difference before it is a false alarm. */
const BEAT_MS = 900;
const TTL_MS = 2_500;
/**
 * While Redis was away nobody could beat: after a reconnect everybody gets the time to come back and beat again, or a
 * restart of Redis would make everyone steal everyone's work.
 */
const REST_MS = 2 * TTL_MS;
/** A Redis that took no writes for a while and kept its connections: the next beat of everybody finds it as it was. */
const PAUSE_REST_MS = TTL_MS;
const FORGET_MS = 60_000;
const LOOK_AGAIN_MS = 200;

export class RedisPresence implements Presence {
  readonly #commands: Commands;
  readonly #instance: string;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(commands: Commands, instance: string) {
    this.#commands = commands;
    this.#instance = instance;
  }

  async join(role: string, agents: readonly string[] | (() => readonly string[])): Promise<() => Promise<void>> {
    const beat = async (): Promise<void> => {
      const card = JSON.stringify({ agents: typeof agents === "function" ? agents() : agents });
      await Promise.all([
        this.#commands.script("keep-1", [aliveKey(this.#instance)], [card, TTL_MS]),
        this.#commands.script("enlist-1", [presenceKey(role)], [this.#instance, Date.now()]),
      ]);
    };
    await beat();
    let isBeating = false;
    // A Redis that is away must not collect beats.
    const beatOnce = async (): Promise<void> => {
      if (isBeating) return;
      isBeating = true;
      await beat().catch(() => undefined);
      isBeating = false;
    };
    const timer = every(() => void beatOnce(), BEAT_MS);
    this.#timers.add(timer);
    return async () => {
      clearInterval(timer);
      this.#timers.delete(timer);
      await Promise.all([
        this.#commands.send((redis) => redis.del(aliveKey(this.#instance))),
        this.#commands.send((redis) => redis.zrem(presenceKey(role), this.#instance)),
      ]);
    };
  }

  /** Stops beating without a word, as a death would. */
  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  async isAlive(instance: string): Promise<boolean> {
    const beats = await this.#beats(instance);
    const primary = this.#commands.primaries.of(aliveKey(instance));
    if (!beats && !primary?.facts) await primary?.learn().catch(() => undefined);
    // Judged after: what made the answer late has then been noticed.
    return beats || this.#isUncertain(instance);
  }

  async isKnownAlive(instance: string): Promise<boolean> {
    for (;;) {
      const beats = await this.#beats(instance);
      if (beats || !this.#isUncertain(instance)) return beats;
      await delay(LOOK_AGAIN_MS);
    }
  }

  async #beats(instance: string): Promise<boolean> {
    return (await this.#commands.send((redis) => redis.exists(aliveKey(instance)))) === 1;
  }

  /**
   * The primary that holds its beats came (back) a moment ago, or took no writes, or we ourselves stood still: that no beat is
   * there says nothing yet.
   */
  #isUncertain(instance: string): boolean {
    const primary = this.#commands.primaries.of(aliveKey(instance));
    if (primary === undefined) return true;
    return Date.now() < Math.max(primary.changedAtMs + REST_MS, primary.resumedAtMs + PAUSE_REST_MS);
  }

  async members(role: string): ReturnType<Presence["members"]> {
    const key = presenceKey(role);
    const since = Date.now() - FORGET_MS;
    await this.#commands.send((redis) => redis.zremrangebyscore(key, "-inf", since));
    const instances = await this.#commands.send((redis) => redis.zrangebyscore(key, since, "+inf"));
    const cards = await Promise.all(
      instances.map((instance) => this.#commands.send((redis) => redis.get(aliveKey(instance)))),
    );
    return instances.flatMap((instance, at) => {
      const card = cards[at];
      return card ? [{ instance, agents: (JSON.parse(card) as { agents: string[] }).agents }] : [];
    });
  }
}
