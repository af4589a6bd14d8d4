import { setInterval as every } from "node:timers";
import { chatTopic, newUuid, streamTopic } from "@holdfast/protocol";
import { type Commands, record, type Reply, text } from "../connection/commands.ts";
import { parseTrace } from "../trace-fields.ts";
import { envelopeOf, journalOf, refusalOf, sourceOf } from "../conversations/run-record.ts";
import { inboxKey, metaKey, runKeyPrefix } from "../keys.ts";
import type { Outbox } from "../conversations/outbox.ts";
import { inEpoch } from "../log/entry-now.ts";
import type { Presence } from "../ports/control.ts";
import type { Claim, ClaimOptions, Runs } from "../ports/runs.ts";
import { publishEntry } from "../queue/publish-entry.ts";
import type { Upkeep } from "../retention/upkeep.ts";
import { LoadSign } from "./load-sign.ts";
import { RedisLease } from "./redis-lease.ts";
import { SharedAppends } from "./shared-appends.ts";
import { requeueStranded } from "./stranded.ts";
import { WriteClock } from "./write-clock.ts";

/** A lease that wrote nothing for this long looks at its flag and fence, in case the bell was lost. */
const IDLE_CHECK_MS = 1_000;

interface Wanted {
  readonly conversationId: string;
  readonly agent: string;
  readonly options: ClaimOptions;
}

export class RedisRuns implements Runs {
  readonly #commands: Commands;
  readonly #presence: Presence;
  readonly #instance: string;
  readonly #outbox: Outbox;
  readonly #upkeep: Upkeep;
  readonly #load: LoadSign;
  readonly #clock = new WriteClock();
  readonly #shared: SharedAppends | undefined;
  readonly #leases = new Set<RedisLease>();
  readonly #claiming = new Map<string, Promise<Claim>>();
  #watch: NodeJS.Timeout | undefined;

  constructor(parts: { commands: Commands; presence: Presence; outbox: Outbox; upkeep: Upkeep; instance: string }) {
    this.#commands = parts.commands;
    this.#presence = parts.presence;
    this.#outbox = parts.outbox;
    this.#upkeep = parts.upkeep;
    this.#instance = parts.instance;
    this.#shared = parts.commands.isOneServer ? new SharedAppends(parts.commands) : undefined;
    this.#load = new LoadSign(parts.commands, parts.instance);
  }

  /** One at a time per conversation: a claim that is under way must not look like an owner that forgot its lease. */
  claim(conversationId: string, agent: string, options: ClaimOptions = {}): Promise<Claim> {
    const claiming = this.#claimAfter(this.#claiming.get(conversationId), { conversationId, agent, options });
    this.#claiming.set(conversationId, claiming);
    const forget = (): void => {
      if (this.#claiming.get(conversationId) === claiming) this.#claiming.delete(conversationId);
    };
    claiming.then(forget, forget);
    return claiming;
  }

  async #claimAfter(earlier: Promise<unknown> | undefined, wanted: Wanted): Promise<Claim> {
    await earlier?.catch(() => undefined);
    this.#load.add();
    let isClaimed = false;
    try {
      // Both before the lease is given out: nothing can be written that no visit comes to look after. Both also where one fails:
      // whoever claims again must not meet a claim of ours that is still under way.
      const [claim, expected] = await Promise.allSettled([
        this.#claimOrTakeOver(wanted),
        this.#upkeep.expectWork(wanted.conversationId),
      ]);
      if (claim.status === "rejected") throw claim.reason;
      if (expected.status === "rejected") throw expected.reason;
      const reply = claim.value;
      isClaimed = text(reply[0]) === "claimed";
      return isClaimed ? { outcome: "claimed", lease: this.#lease(wanted, reply) } : await this.#refusal(reply);
    } finally {
      if (!isClaimed) this.#load.remove();
    }
  }

  async #claimOrTakeOver(wanted: Wanted): Promise<Reply[]> {
    const reply = await this.#claim(wanted, "", false);
    const [outcome, owner = "", fence = ""] = reply.slice(0, 3).map(text);
    if (outcome !== "held" || (await this.#isHeld(owner, fence))) return reply;
    // Fencing makes a false alarm harmless: an owner that was only slow is refused from now on.
    return this.#claim(wanted, fence, await this.#load.wasOne(owner));
  }

  async #refusal(reply: readonly Reply[]): Promise<Claim> {
    const outcome = text(reply[0]);
    if (outcome === "held") return { outcome, owner: text(reply[1]) };
    if (outcome === "parked") return { outcome };
    if (outcome === "waiting") return { outcome, hasBegun: text(reply[1]) === "1" };
    if (outcome === "suspect") return { outcome, deaths: Number(text(reply[1])) };
    if (outcome !== "other") return { outcome: "idle" };
    await this.#handOver(reply);
    return { outcome: "handed_over", agent: text(reply[1]) };
  }

  requeueStranded(agent: string, olderThanMs: number, which?: "any" | "begun"): Promise<number> {
    return requeueStranded(this.#commands, this.#presence, agent, olderThanMs, which);
  }

  close(): void {
    clearInterval(this.#watch);
  }

  /** Our own name without a lease of ours is a claim or a release whose reply never came. */
  async #isHeld(owner: string, fence: string): Promise<boolean> {
    if (owner !== this.#instance) return this.#presence.isKnownAlive(owner);
    return [...this.#leases].some((lease) => lease.fence === fence);
  }

  #claim({ conversationId, agent, options }: Wanted, deadFence: string, wasAlone: boolean): Promise<Reply[]> {
    const { mostDeaths = "", take = "any" } = options;
    const keys = [
      metaKey(conversationId),
      inboxKey(conversationId),
      runKeyPrefix(conversationId),
      streamTopic(conversationId),
    ];
    const claim = [this.#instance, agent, deadFence, Date.now(), newUuid()];
    const taken = [wasAlone ? "1" : "", mostDeaths, take];
    return this.#commands.script("claim-4", keys, [...claim, ...taken, conversationId, new Date().toISOString()]);
  }

  /** Queues the turn at its own agent again, under the same id, before our entry is acknowledged. */
  async #handOver(reply: readonly Reply[]): Promise<void> {
    const [, agent, messageId, envelope, trace] = reply.map(text);
    if (!agent || !messageId || !envelope) return;
    const entry = { id: messageId, payload: envelope, trace: parseTrace(trace) };
    await publishEntry(this.#commands, chatTopic(agent), entry);
  }

  #lease({ conversationId, agent, options }: Wanted, reply: readonly Reply[]): RedisLease {
    const fields = record(reply[3]);
    const stored = Number(fields.get("seq") ?? 0);
    const lease: RedisLease = new RedisLease({
      run: {
        id: text(reply[1]),
        conversationId,
        agent,
        attempt: Number(fields.get("attempt")),
        messageId: fields.get("message_id") ?? "",
        envelope: envelopeOf(fields),
        journal: journalOf(fields),
        isTakeover: stored > 0,
        failures: Number(fields.get("failures") ?? 0),
        deaths: { inARow: Number(fields.get("deaths") ?? 0), alone: Number(fields.get("deaths_alone") ?? 0) },
        startedAtMs: Number(fields.get("started_ms")),
        workedMs: Number(fields.get("worked_ms") ?? 0),
        isContinued: fields.get("continued") === text(reply[2]),
        hasAsked: fields.has("parked_fence"),
        hasQuestions: fields.has("questions"),
        // A fence begins with the epoch that the log has now.
        logFrom: inEpoch(text(reply[2]).split(".")[0] ?? "", fields.get("entry")),
        ...refusalOf(fields),
        ...sourceOf(fields),
        trace: parseTrace(fields.get("trace")),
      },
      fence: text(reply[2]),
      entry: options.entry,
      stored,
      cancelled: fields.has("cancel"),
      turn: fields.get("turn") ?? "",
      commands: this.#commands,
      outbox: this.#outbox,
      upkeep: this.#upkeep,
      clock: this.#clock,
      shared: this.#shared,
      onEnd: () => {
        if (this.#leases.delete(lease)) this.#load.remove();
      },
    });
    this.#leases.add(lease);
    this.#watch ??= every(() => this.#checkIdleLeases(), IDLE_CHECK_MS).unref();
    return lease;
  }

  #checkIdleLeases(): void {
    const before = Date.now() - IDLE_CHECK_MS;
    for (const lease of this.#leases) if (lease.lastWriteMs < before) lease.checkCancel().catch(() => undefined);
  }
}
