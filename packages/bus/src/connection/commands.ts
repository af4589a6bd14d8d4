import { setTimeout as delay } from "node:timers/promises";
import type { RedisCommander } from "ioredis";
import { BusUnavailable } from "../ports/errors.ts";
import type { Script, ScriptName } from "../scripts/load.ts";
import { Deadlines } from "./deadlines.ts";
import { type PrimaryFacts, type PrimaryLink, theScript } from "./primary-link.ts";

/** Replies that mean "not now", from a Redis that is full, loading, read-only or in the middle of a failover. */
const NOT_NOW = /^(OOM|READONLY|LOADING|MISCONF|NOREPLICAS|MASTERDOWN|BUSY|UNBLOCKED)\b/;
const AWAY =
  /Command timed out|Socket timeout|ECONNREFUSED|ECONNRESET|EPIPE|Stream isn't writeable|max retries per request/;
/** What a command meets while a Cluster chooses a new primary: sent again, it finds its way. */
const ON_THE_MOVE =
  /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b|Connection is closed|aborted due to connection close|Too many Cluster redirections|None of startup nodes|Failed to refresh slots|no primary is known/;

/** What a command threw, as BusUnavailable where Redis is in trouble. */
export function translate(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  if (NOT_NOW.test(message) || AWAY.test(message) || ON_THE_MOVE.test(message))
    return new BusUnavailable(`Redis cannot answer now: ${message}`, { cause: error });
  return error;
}

export type Reply = string | number | null | Reply[];

/** Who is the primary of a key. */
export interface Primaries {
  /** Undefined where a Cluster does not say, for the moment. */
  of(key: string): PrimaryLink | undefined;
}

export interface CommandsOptions {
  /** Of a server or of a Cluster: what we say is said alike to both. */
  readonly redis: RedisCommander;
  readonly primaries: Primaries;
  /** All over one connection to one server, and no Cluster. */
  readonly isOneServer: boolean;
  /** Undefined waits until Redis is back. */
  readonly timeoutMs?: number | undefined;
}

const RETRY_MS = 50;
const MOST_PAUSE_MS = 1_000;
const MOST_RETRIES_MS = 10_000;
/** Of a script that a primary said it does not know, each time after learning anew whose data it has. */
const MOST_LEARNINGS = 10;

/**
 * Every command of ours goes through here: one place that turns a Redis in trouble into BusUnavailable, and that waits for
 * replicas. Commands issued in the same event-loop tick leave in one write; none waits longer for others, since each is one of
 * many that follow each other until a user sees anything.
 */
export class Commands {
  readonly #redis: RedisCommander;
  readonly #timeoutMs: number | undefined;
  readonly #deadlines: Deadlines | undefined;
  readonly primaries: Primaries;
  /**
   * True: of commands sent in one tick the first is done first, whatever keys they are about; and a script may see keys of
   * several slots.
   */
  readonly isOneServer: boolean;

  constructor({ redis, primaries, isOneServer, timeoutMs }: CommandsOptions) {
    this.#redis = redis;
    this.primaries = primaries;
    this.isOneServer = isOneServer;
    this.#timeoutMs = timeoutMs;
    this.#deadlines = timeoutMs === undefined ? undefined : new Deadlines(timeoutMs);
  }

  async send<Answer>(command: (redis: RedisCommander) => Promise<Answer>): Promise<Answer> {
    const startedAtMs = performance.now();
    for (;;) {
      try {
        return await this.#inTime(command(this.#redis));
      } catch (error) {
        const isOnTheMove = error instanceof Error && ON_THE_MOVE.test(error.message);
        const spentMs = performance.now() - startedAtMs;
        if (!isOnTheMove || spentMs > (this.#timeoutMs ?? MOST_RETRIES_MS)) throw translate(error);
        await delay(RETRY_MS);
      }
    }
  }

  async script(name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<Reply[]> {
    const script = theScript(name);
    const { numberOfKeys = keys.length } = script;
    if (numberOfKeys !== keys.length) throw new TypeError(`script ${name} was called with ${keys.length} keys`);
    const rest = [numberOfKeys, ...keys, ...args] as const;
    if (script.isBound) return this.#boundScript(name, keys[0] ?? "", rest);
    return this.send(async (redis) => {
      try {
        return asList(await redis.evalsha(script.sha1, ...rest));
      } catch (error) {
        if (!isUnknownScript(error)) throw error;
        return asList(await redis.eval(script.source, ...rest));
      }
    });
  }

  /**
   * Does `work`, which can safely be done twice, until it is certain that a failover does not undo it: a replica has it, or
   * there is none to wait for. One that does not confirm in time is not waited for longer: whoever wants writes refused then
   * sets min-replicas-to-write. Answers the last answer, which says nothing of what an earlier one changed. Throws what `work` throws, and
   * BusUnavailable where it stays uncertain for longer than a request may take.
   */
  async durably<Answer>(keys: readonly string[], work: () => Promise<Answer>): Promise<Answer> {
    const startedAtMs = performance.now();
    for (let tries = 0; ; tries += 1) {
      const before = await Promise.all(keys.map((key) => this.#factsFor(key)));
      const answer = await work();
      const links = new Set(keys.map((key) => this.primaries.of(key)));
      const outcomes = await Promise.all([...links].map(async (link) => link?.replicated() ?? "broken"));
      const isSameStill = keys.every((key, at) => this.primaries.of(key)?.facts?.lineage === before[at]?.lineage);
      if (isSameStill && !outcomes.includes("broken")) return answer;
      if (this.#timeoutMs !== undefined && performance.now() - startedAtMs > this.#timeoutMs)
        throw new BusUnavailable("Redis does not say whether it keeps what was written");
      await delay(Math.min(RETRY_MS * 2 ** tries, MOST_PAUSE_MS));
    }
  }

  async #boundScript(name: ScriptName, key: string, rest: readonly [number, ...(string | number)[]]): Promise<Reply[]> {
    for (let learnings = 0; ; learnings += 1) {
      const link = this.primaries.of(key);
      const facts = link?.facts ?? (await this.#factsFor(key));
      const { sha1 } = facts.scripts.get(name) as Script;
      try {
        return await this.send(async (redis) => asList(await redis.evalsha(sha1, ...rest)));
      } catch (error) {
        if (!isUnknownScript(error)) throw error;
        if (learnings === MOST_LEARNINGS)
          throw new BusUnavailable("the primary of Redis changes too often", { cause: error });
        // Another server than we believed, or the same with another past.
        if (link?.facts === facts) link.forget();
        if (learnings > 0) await delay(RETRY_MS * learnings);
      }
    }
  }

  /** Asks until it is known, or until time is up. */
  async #factsFor(key: string): Promise<PrimaryFacts> {
    const known = this.primaries.of(key)?.facts;
    if (known) return known;
    const deadlineMs = this.#timeoutMs === undefined ? Infinity : performance.now() + this.#timeoutMs;
    for (;;) {
      const link = this.primaries.of(key);
      try {
        if (link) return link.facts ?? (await this.#inTime(link.learn()));
      } catch (error) {
        if (!(error instanceof BusUnavailable) || performance.now() >= deadlineMs) throw translate(error);
      }
      if (performance.now() >= deadlineMs) throw new BusUnavailable("no primary is known");
      await delay(RETRY_MS);
    }
  }

  /** A connection that is being made answers nothing, and a Cluster holds commands back without a limit. */
  #inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return this.#deadlines?.within(answer, tooLate) ?? answer;
  }
}

const tooLate = (): Error => new BusUnavailable("Redis did not answer in time");

const isUnknownScript = (error: unknown): boolean => error instanceof Error && error.message.startsWith("NOSCRIPT");

const asList = (reply: unknown): Reply[] => (Array.isArray(reply) ? (reply as Reply[]) : [reply as Reply]);

/** A reply that is text: what scripts answer in. */
export const text = (reply: Reply | undefined): string => (reply === null || reply === undefined ? "" : String(reply));

/** HGETALL as scripts answer it. */
export function record(reply: Reply | undefined): Map<string, string> {
  const flat = Array.isArray(reply) ? reply : [];
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(text(flat[at]), text(flat[at + 1]));
  return fields;
}
