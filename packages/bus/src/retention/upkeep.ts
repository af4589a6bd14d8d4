import { EachByItself } from "../each-by-itself.ts";
import { chatTopic, resultsTopic, streamTopic } from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import {
  approvalPointerKey,
  approvalsKey,
  CONVERSATIONS_KEY,
  callsKey,
  historyKey,
  inboxKey,
  messagesKey,
  metaKey,
  runKeyPrefix,
  runPointerKey,
  UPKEEP_KEYS,
  upkeepKey,
} from "../keys.ts";
import type { Retention } from "../ports/bus.ts";
import { BusUnavailable } from "../ports/errors.ts";
import { compactLog } from "./compact-log.ts";

/** For one who took a conversation and died: others look again after this beyond the grace. */
const TAKEN_MS = 300_000;
const SOONEST_MS = 1_000;
/** A conversation whose turns wait for an agent that takes none. */
const WAITING_MS = 600_000;
/** After an expiry is due, until it has come about whatever the clocks say. */
const EXPIRED_MS = 250;
/** What other slots hold of a conversation that is gone; long enough that one of the same id can still keep it. */
const GONE_MS = 5_000;
/** Pointers to runs and approvals are renewed when a twentieth of the time to live has passed. */
const POINTER_FACTOR = 1.1;
/** The longest that may pass before a pointer must have been renewed. */
const POINTER_SLACK_MS = 7 * 24 * 60 * 60 * 1_000;
const BATCH = 50;

/**
 * Keeps memory bounded (protocol §3.5). `upkeep:<0..15>` holds every conversation by the time of its next visit; a visit
 * compacts its log, gives it its time to live where nothing runs or waits, and once it has expired removes what other slots
 * still hold of it.
 *
 * - A pointer is written before a run can write tokens, so a crash forgets nothing; it goes when the conversation is gone.
 * - A visit is taken by one process at a time; where it dies, the conversation is due again later. Who asks for a visit
 *   meanwhile is heard: what was taken is put back only where nobody asked.
 * - Whatever a visit does may be done twice, or while a run writes.
 */
export class Upkeep {
  readonly #commands: Commands;
  readonly #retention: Retention;

  constructor(commands: Commands, retention: Retention) {
    this.#commands = commands;
    this.#retention = retention;
  }

  /** How long a conversation is kept after its last activity, ms. */
  get conversationTtlMs(): number {
    return this.#retention.conversationTtlMs;
  }

  /** Written before its run exists, so it must not stay for ever where that never comes about. */
  get newPointerMs(): number {
    return this.conversationTtlMs + POINTER_SLACK_MS;
  }

  /** Pointers outlive what they point to, because they are renewed less often; one without its run reads as unknown. */
  get #restingPointerMs(): number {
    return Math.ceil(this.conversationTtlMs * POINTER_FACTOR);
  }

  /** To be called before a run of the conversation may write, and when one is to wait. */
  async expectWork(conversationId: string): Promise<void> {
    await this.#visitBy(conversationId, Date.now() + this.#retention.compactGraceMs);
  }

  /** A conversation was created, or `endedRun` ended: it rests where nothing else is to do. Where Redis is away a visit makes up for it. */
  async rest(conversationId: string, endedRun?: string): Promise<void> {
    try {
      await Promise.all([
        this.#visitBy(conversationId, Date.now() + this.#retention.compactGraceMs),
        this.#giveTimeToLive(conversationId, "", endedRun),
      ]);
    } catch (error) {
      if (!(error instanceof BusUnavailable)) throw error;
    }
  }

  async forget(conversationId: string): Promise<void> {
    await this.#commands.send((redis) => redis.zrem(upkeepKey(conversationId), conversationId));
  }

  /** Visits every conversation that is due. Answers how many. */
  async sweep(): Promise<number> {
    let visits = 0;
    const each = new EachByItself();
    for (const key of UPKEEP_KEYS) {
      for (;;) {
        const now = Date.now();
        const takenUntil = now + this.#retention.compactGraceMs + TAKEN_MS + Math.random();
        const due = (await this.#commands.script("take-due-1", [key], [now, takenUntil, BATCH])).map(text);
        for (const conversationId of due) {
          await each.try(`upkeep of ${conversationId}`, async () => {
            const next = await this.#visit(conversationId);
            await this.#commands.script("put-back-1", [key], [conversationId, takenUntil, next ?? ""]);
          });
        }
        visits += due.length;
        if (due.length < BATCH) break;
      }
    }
    each.throwIfAny();
    return visits;
  }

  /** Answers when the next visit is due, unix ms; undefined when the conversation is gone. */
  async #visit(conversationId: string): Promise<number | undefined> {
    const { compactGraceMs } = this.#retention;
    const compacted = await compactLog(this.#commands, conversationId, Date.now() - compactGraceMs);
    const { state, leftMs } = await this.#giveTimeToLive(conversationId, compacted.through);
    if (state === "gone") return this.#removeRest(conversationId);
    const soon = Date.now() + Math.max(compactGraceMs, SOONEST_MS);
    if (state === "busy" || compacted.hasMore) return soon;
    if (state === "waiting") return Date.now() + WAITING_MS;
    return Date.now() + leftMs + EXPIRED_MS;
  }

  async #visitBy(conversationId: string, atMs: number): Promise<void> {
    await this.#commands.send((redis) => redis.zadd(upkeepKey(conversationId), "LT", atMs, conversationId));
  }

  async #giveTimeToLive(
    conversationId: string,
    through: string,
    endedRun = "",
  ): Promise<{ state: string; leftMs: number }> {
    const ttlMs = this.conversationTtlMs;
    const keys = [
      metaKey(conversationId),
      streamTopic(conversationId),
      messagesKey(conversationId),
      inboxKey(conversationId),
      historyKey(conversationId),
      runKeyPrefix(conversationId),
      approvalsKey(conversationId),
    ];
    const reply = await this.#commands.script("rest-7", keys, [ttlMs, Date.now(), through, endedRun]);
    const [state, left] = [text(reply[0]), text(reply[1])];
    const [runIds = [], approvalIds = []] = reply.slice(2).map((ids) => (Array.isArray(ids) ? ids.map(text) : []));
    const isNewlyResting = state === "resting" && left === String(ttlMs);
    const topics = [chatTopic(conversationId), resultsTopic(conversationId), callsKey(conversationId)];
    const pointers = [...runIds.map(runPointerKey), ...approvalIds.map(approvalPointerKey)];
    const ended = endedRun === "" || runIds.includes(endedRun) ? [] : [runPointerKey(endedRun)];
    await Promise.all([
      ...(isNewlyResting ? topics : []).map((key) => this.#commands.send((redis) => redis.pexpire(key, ttlMs))),
      // Where work goes on or waits, the conversation has no end yet, and the next visit may be far.
      this.#renewPointers(pointers, state === "resting" ? this.#restingPointerMs : this.newPointerMs),
      this.#renewPointers(ended, this.#restingPointerMs),
    ]);
    return { state, leftMs: Number(left) };
  }

  async #renewPointers(pointers: readonly string[], keptMs: number): Promise<void> {
    await Promise.all(pointers.map((pointer) => this.#commands.send((redis) => redis.pexpire(pointer, keptMs))));
  }

  /**
   * A conversation of the same id may be created at this moment. One that is there after the removal is given back what was
   * taken; one that comes later takes its place in the list and its topic itself, after it was created.
   */
  async #removeRest(conversationId: string): Promise<undefined> {
    const topic = chatTopic(conversationId);
    const calls = [resultsTopic(conversationId), callsKey(conversationId)];
    await Promise.all([
      this.#commands.send((redis) => redis.zrem(CONVERSATIONS_KEY, conversationId)),
      ...[topic, ...calls].map((key) => this.#commands.send((redis) => redis.pexpire(key, GONE_MS, "LT"))),
    ]);
    const createdAt = await this.#commands.send((redis) => redis.hget(metaKey(conversationId), "created_at"));
    if (!createdAt) return undefined;
    const atMs = Date.parse(createdAt);
    await Promise.all([
      this.#commands.send((redis) => redis.zadd(CONVERSATIONS_KEY, "NX", atMs, conversationId)),
      this.#commands.send((redis) => redis.persist(topic)),
      ...calls.map((key) => this.#commands.send((redis) => redis.pexpire(key, this.conversationTtlMs))),
    ]);
    return undefined;
  }
}
