import { setInterval as every } from "node:timers";
import type { Redis } from "ioredis";
import { BusUnavailable } from "../ports/errors.ts";
import { bind, type Script, type ScriptName, scripts } from "../scripts/load.ts";

/** What is known of one primary, as long as it is the same server with the same data. */
export interface PrimaryFacts {
  /** Name of the history that its data is a part of: another one after a failover. */
  readonly lineage: string;
  /** Scripts that write logs, as this primary has them loaded. */
  readonly scripts: ReadonlyMap<ScriptName, Script>;
}

export type Replicated =
  /** A replica has everything that was written before. */
  | "yes"
  /** No replica keeps up, or none is there: there is nothing to wait for. */
  | "none"
  /** One that should have it did not say so in time. */
  | "late"
  /** The connection broke: what was written may be lost. */
  | "broken";

export interface PrimaryLinkOptions {
  /** Refuses at a break: what is said on it is said to one server. */
  readonly redis: Redis;
  /** A key in a slot of this primary. */
  readonly key: () => string;
  readonly publish: "PUBLISH" | "SPUBLISH";
  /** True where it is no news that this primary is there: nobody has to come back first. */
  readonly isExpected: boolean;
  readonly onTrouble: (message: string, error: unknown) => void;
}

const LOOK_MS = 500;
/** Without a write for so long, beats may have lapsed: less than a beat may come late (see control/redis-presence.ts). */
const SILENT_MS = 1_500;
const REPLICA_WAIT_MS = 500;
/** A replica that was silent for longer is not waited for. Healthy ones report every second. */
const MOST_LAG_S = 3;
const COMPLAIN_EVERY_MS = 10_000;

/**
 * One connection to one primary, beside those that carry commands, for what must be known of the server itself: which
 * history its data is a part of, whether replicas follow it, and whether they have what was written.
 *
 * - Learnt at every connection, looked at again every half second: a server may lose and win its role while connections
 *   stand, and may take no writes for a while, or not answer.
 * - WAIT blocks a connection, so it is asked here, once for all who wait: a write on this connection is later than what
 *   they wrote, and a replica that has it has theirs.
 */
export class PrimaryLink {
  readonly #options: PrimaryLinkOptions;
  readonly #timer: NodeJS.Timeout;
  #facts: PrimaryFacts | undefined;
  #learning: Promise<PrimaryFacts> | undefined;
  #replid = "";
  #replicas = 0;
  /** It was away, or came when others were here already. */
  #isNews: boolean;
  #changedAtMs = 0;
  #wroteAtMs = Date.now();
  #resumedAtMs = 0;
  #isLooking = false;
  #waiting: Promise<Replicated> | undefined;
  #next: Promise<Replicated> | undefined;
  #quietUntil = 0;

  constructor(options: PrimaryLinkOptions) {
    this.#options = options;
    this.#isNews = !options.isExpected;
    const { redis } = options;
    redis.on("close", () => {
      this.#isNews = true;
      this.forget();
    });
    redis.on("ready", () => {
      void this.learn().catch(() => undefined);
      void this.#look().catch(() => undefined);
    });
    this.#timer = every(() => void this.#look().catch(() => undefined), LOOK_MS).unref();
  }

  /** Undefined while they must be learnt (again). */
  get facts(): PrimaryFacts | undefined {
    return this.#facts;
  }

  /** Unix ms when this primary came (back), now while that is not known, 0 when it was there before all that is in it. */
  get changedAtMs(): number {
    return this.#facts ? this.#changedAtMs : Date.now();
  }

  /** Unix ms when it took a write again after it had taken none of ours for a while, now while it takes none, 0 for never. */
  get resumedAtMs(): number {
    return this.#isSilent() ? Date.now() : this.#resumedAtMs;
  }

  /** Somebody found that the facts hold no more. */
  forget(): void {
    this.#facts = undefined;
  }

  /** Throws BusUnavailable. */
  learn(): Promise<PrimaryFacts> {
    this.#learning ??= this.#learn().finally(() => {
      this.#learning = undefined;
    });
    return this.#learning;
  }

  /** Resolves within about a second. */
  replicated(): Promise<Replicated> {
    if (this.#facts && this.#replicas === 0) return Promise.resolve("none");
    if (!this.#waiting) return (this.#waiting = this.#wait());
    // The one under way may have been sent before the write of who asks now.
    this.#next ??= this.#waiting.then(() => {
      this.#next = undefined;
      return (this.#waiting = this.#wait());
    });
    return this.#next;
  }

  /** Resolves when the primary takes writes: one that is full or read-only answers PING all the same. Throws BusUnavailable. */
  async check(): Promise<void> {
    try {
      await this.#options.redis.hset(this.#options.key(), "checked", Date.now());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new BusUnavailable(`Redis cannot take a write now: ${reason}`, { cause: error });
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#options.redis.disconnect();
  }

  async #learn(): Promise<PrimaryFacts> {
    try {
      const info = await this.#info();
      const { redis, key, publish } = this.#options;
      const { source } = theScript("lineage-1");
      const args = [info.replid, info.isItsOwnHeir ? "1" : "0", await this.#serverName(), await this.#processId()];
      const [lineage, sinceMs] = (await redis.eval(source, 1, key(), ...args)) as [string, number | ""];
      const bound = [...scripts.values()]
        .filter(({ isBound }) => isBound)
        .map((script) => bind(script, lineage, publish));
      const loading = redis.pipeline();
      for (const script of bound) loading.script("LOAD", script.source);
      for (const [error] of (await loading.exec()) ?? []) if (error) throw error;
      this.#replid = info.replid;
      this.#replicas = info.replicas;
      // Those who were here before it was away may come back later than one who has just started.
      if (this.#isNews) this.#changedAtMs = Date.now();
      else if (sinceMs !== "") this.#changedAtMs = Date.now() - sinceMs;
      this.#facts = { lineage, scripts: new Map(bound.map((script) => [script.name, script])) };
      return this.#facts;
    } catch (error) {
      throw error instanceof BusUnavailable ? error : new BusUnavailable("Redis cannot answer now", { cause: error });
    }
  }

  /** One at a time: a server that does not answer must not collect looks. */
  async #look(): Promise<void> {
    if (this.#isLooking || this.#options.redis.status !== "ready") return;
    this.#isLooking = true;
    try {
      await Promise.all([this.#write(), this.#lookAtRole()]);
    } finally {
      this.#isLooking = false;
    }
  }

  async #write(): Promise<void> {
    const { redis, key } = this.#options;
    await redis.eval(theScript("look-1").source, 1, key(), Date.now());
    if (this.#isSilent()) this.#resumedAtMs = Date.now();
    this.#wroteAtMs = Date.now();
  }

  #isSilent(): boolean {
    return Date.now() - this.#wroteAtMs > SILENT_MS;
  }

  async #lookAtRole(): Promise<void> {
    if (!this.#facts) return void (await this.learn());
    const info = await this.#info();
    this.#replicas = info.replicas;
    if (info.replid === this.#replid) return;
    this.forget();
    await this.learn();
  }

  async #info(): Promise<ReturnType<typeof readInfo>> {
    const { redis } = this.#options;
    const info = readInfo(await redis.info("replication"), await redis.info("persistence"));
    // It answers already, and says things of its append-only file that hold no longer once it has read it.
    if (info.isLoading) throw new BusUnavailable("Redis is loading its data");
    if (info.role === "master") return info;
    this.forget();
    // Through Sentinels the next connection leads to the primary.
    redis.disconnect(true);
    throw new BusUnavailable(`a server of Redis is ${info.role || "nobody"} and no primary`);
  }

  /** Another one when the server is restarted. */
  async #processId(): Promise<string> {
    return fieldOf(await this.#options.redis.info("server"), "run_id");
  }

  /** Stays the same when the server is restarted. A single server is the one that its address leads to. */
  async #serverName(): Promise<string> {
    const { redis, publish } = this.#options;
    if (publish === "SPUBLISH") return redis.cluster("MYID");
    if (!redis.options.sentinels) return "";
    const { remoteAddress, remotePort } = redis.stream;
    return `${remoteAddress}:${remotePort}`;
  }

  async #wait(): Promise<Replicated> {
    try {
      const { redis, key } = this.#options;
      if (!this.#facts) await this.learn();
      if (this.#replicas === 0) return "none";
      const replies = await redis.pipeline().hincrby(key(), "waits", 1).wait(1, REPLICA_WAIT_MS).exec();
      for (const [error] of replies ?? []) if (error) throw error;
      if (Number(replies?.[1]?.[1] ?? 0) > 0) return "yes";
      this.#complain();
      return "late";
    } catch {
      return "broken";
    } finally {
      if (!this.#next) this.#waiting = undefined;
    }
  }

  #complain(): void {
    if (Date.now() < this.#quietUntil) return;
    this.#quietUntil = Date.now() + COMPLAIN_EVERY_MS;
    const error = new Error(`not confirmed within ${REPLICA_WAIT_MS} ms`);
    this.#options.onTrouble("no replica of Redis has confirmed a write: a failover now would lose it", error);
  }
}

export function theScript(name: ScriptName): Script {
  const script = scripts.get(name);
  if (!script) throw new TypeError(`there is no script ${name}`);
  return script;
}

const fieldOf = (info: string, name: string): string => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1] ?? "";

function readInfo(replication: string, persistence: string) {
  const replicas = replication.matchAll(/^slave\d+:.*state=online.*,lag=(\d+)/gm);
  return {
    isLoading: fieldOf(persistence, "loading") === "1",
    role: fieldOf(replication, "role"),
    replid: fieldOf(replication, "master_replid"),
    replicas: [...replicas].filter(([, lag]) => Number(lag) <= MOST_LAG_S).length,
    /** Its data can only come from what it wrote itself: it followed nobody before, and keeps an append-only file. */
    isItsOwnHeir: /^0*$/.test(fieldOf(replication, "master_replid2")) && fieldOf(persistence, "aof_enabled") === "1",
  };
}
