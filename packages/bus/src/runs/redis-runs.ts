import { setInterval as every } from "node:timers";
import { chatTopic, newUuid, streamTopic } from "@holdfast/protocol";
import { type Commands, record, type Reply, text } from "../connection/commands.ts";
import { parseTrace, traceFields } from "../trace-fields.ts";
import { envelopeOf, journalOf, refusalOf, sourceOf } from "../conversations/run-record.ts";
import { inboxKey, metaKey, runKeyPrefix } from "../keys.ts";
import type { Outbox } from "../conversations/outbox.ts";
import type { Presence } from "../ports/control.ts";
import type { Claim, Runs } from "../ports/runs.ts";
import type { Upkeep } from "../retention/upkeep.ts";
import { RedisLease } from "./redis-lease.ts";

/** A lease that wrote nothing for this long looks at its flag and fence, in case the bell was lost. */
const IDLE_CHECK_MS = 1_000;

export class RedisRuns implements Runs {
  readonly #commands: Commands;
  readonly #presence: Presence;
  readonly #instance: string;
  readonly #outbox: Outbox;
  readonly #upkeep: Upkeep;
  readonly #leases = new Set<RedisLease>();
  readonly #claiming = new Map<string, Promise<Claim>>();
  #watch: NodeJS.Timeout | undefined;

  constructor(parts: { commands: Commands; presence: Presence; outbox: Outbox; upkeep: Upkeep; instance: string }) {
    this.#commands = parts.commands;
    this.#presence = parts.presence;
    this.#outbox = parts.outbox;
    this.#upkeep = parts.upkeep;
    this.#instance = parts.instance;
  }

  /** One at a time per conversation: a claim that is under way must not look like an owner that forgot its lease. */
  claim(conversationId: string, agent: string): Promise<Claim> {
    const claiming = this.#claimAfter(this.#claiming.get(conversationId), conversationId, agent);
    this.#claiming.set(conversationId, claiming);
    const forget = (): void => {
      if (this.#claiming.get(conversationId) === claiming) this.#claiming.delete(conversationId);
    };
    claiming.then(forget, forget);
    return claiming;
  }

  async #claimAfter(earlier: Promise<unknown> | undefined, conversationId: string, agent: string): Promise<Claim> {
    await earlier?.catch(() => undefined);
    await this.#upkeep.expectWork(conversationId);
    let reply = await this.#claim(conversationId, agent, "");
    if (text(reply[0]) === "held" && !(await this.#isHeld(text(reply[1]), text(reply[2])))) {
      // Fencing makes a false alarm harmless: an owner that was only slow is refused from now on.
      reply = await this.#claim(conversationId, agent, text(reply[2]));
    }
    switch (text(reply[0])) {
      case "claimed":
        return { outcome: "claimed", lease: this.#lease(conversationId, agent, reply) };
      case "held":
        return { outcome: "held" };
      case "other":
        await this.#handOver(reply);
        return { outcome: "handed_over", agent: text(reply[1]) };
      default:
        return { outcome: "idle" };
    }
  }

  close(): void {
    clearInterval(this.#watch);
  }

  /** Our own name without a lease of ours is a claim or a release whose reply never came. */
  async #isHeld(owner: string, fence: string): Promise<boolean> {
    if (owner !== this.#instance) return this.#presence.isAlive(owner);
    return [...this.#leases].some((lease) => lease.fence === fence);
  }

  #claim(conversationId: string, agent: string, deadFence: string): Promise<Reply[]> {
    const keys = [
      metaKey(conversationId),
      inboxKey(conversationId),
      runKeyPrefix(conversationId),
      streamTopic(conversationId),
    ];
    return this.#commands.script("claim-4", keys, [this.#instance, agent, deadFence, Date.now(), newUuid()]);
  }

  /** Queues the turn at its own agent again, under the same id, before our entry is acknowledged. */
  async #handOver(reply: readonly Reply[]): Promise<void> {
    const [, agent, messageId, envelope, trace] = reply.map(text);
    if (!agent || !messageId || !envelope) return;
    const fields = ["id", messageId, "payload", envelope, ...traceFields(parseTrace(trace))];
    await this.#commands.send((redis) => redis.xadd(chatTopic(agent), "*", ...fields));
  }

  #lease(conversationId: string, agent: string, reply: readonly Reply[]): RedisLease {
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
        startedAtMs: Number(fields.get("started_ms")),
        workedMs: Number(fields.get("worked_ms") ?? 0),
        logFrom: fields.get("entry"),
        ...refusalOf(fields),
        ...sourceOf(fields),
        trace: parseTrace(fields.get("trace")),
      },
      fence: text(reply[2]),
      stored,
      cancelled: fields.has("cancel"),
      turn: fields.get("turn") ?? "",
      commands: this.#commands,
      outbox: this.#outbox,
      upkeep: this.#upkeep,
      onEnd: () => this.#leases.delete(lease),
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
