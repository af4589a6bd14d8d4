import {
  type AgentStates,
  BusUnavailable,
  type Conversations,
  type Entry,
  type Runs,
  uuidV5,
  type RunLease,
  type Takeable,
  type WorkQueue,
} from "@holdfast/bus";
import { type AgentState, isUuid } from "@holdfast/protocol";
import type { Logger } from "@holdfast/telemetry";
import type { GivenUp, RunResult } from "../run/run-result.ts";
import { pause } from "../run/retry-backoff.ts";
import { standInFor, type UnreadableReason } from "../run/unreadable.ts";
import { admit } from "./admission.ts";
import { claimForEntry } from "./claim-for-entry.ts";
import { type ParsedEntry, parseEntry } from "./parse-entry.ts";
import type { Ward } from "./ward.ts";

export interface EntryHandlerDeps {
  readonly conversations: Conversations;
  readonly runs: Runs;
  readonly queue: WorkQueue;
  readonly states: AgentStates;
  readonly ward: Ward;
  /** False for an agent that was taken out of the configuration: its messages wait for it to come back. */
  readonly serves: (agent: string) => boolean;
  readonly logger: Logger;
  /** Brings a claimed run to its end; returns with the lease finished, released or lost. */
  readonly execute: (lease: RunLease) => Promise<RunResult>;
  /** Ends a claimed run `failed`, as it stands. */
  readonly giveUpRun: (lease: RunLease) => Promise<RunResult>;
  /** Aborts when no further run may begin here. */
  readonly draining: AbortSignal;
}

/** What is to become of an entry once the work it stood for is done. */
type Verdict =
  | { readonly kind: "acknowledge" }
  | { readonly kind: "hand_over" }
  /** It is another's now. */
  | { readonly kind: "leave" }
  /** Its run may not be taken while the agent is in this state. */
  | { readonly kind: "hold"; readonly hasBegun: boolean }
  /** Back into its topic, for whoever serves the agent then. */
  | { readonly kind: "requeue" }
  | { readonly kind: "dead_letter"; readonly error: GivenUp };

interface Work {
  readonly conversationId: string;
  readonly agent: string;
  /** Set for an entry that is no message: what it is dead-lettered with, whatever its stand-in's run does. */
  readonly garbage?: UnreadableReason;
  /** A run of the conversation was taken from us while we worked on it. */
  hasLostRun?: boolean;
}

/** A draining agent finishes what has begun, and of a paused one's runs only those go on that are to be ended. */
const MAY_TAKE: Readonly<Record<AgentState, Takeable>> = { running: "any", draining: "begun", paused: "cancelled" };

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** Errors in a row, other than Redis being away, after which an entry is given up. */
const MOST_ERRORS = 5;

/**
 * One entry of `chat:<agent>`, from reading to acknowledgement.
 *
 * - Every message is accepted here too: what the gateway accepted is found to be a duplicate, a bare XADD becomes a run.
 * - The entry answers for its conversation's whole inbox: turn after turn is claimed until there is none for us, and only
 *   then is it acknowledged. A crash in between is redelivered, finds the work done, and looks at the inbox again.
 * - An entry whose run may not be taken while its agent is paused or drains is put aside: it takes no slot here.
 * - Nothing an entry holds can stop the worker: what cannot be read, or keeps failing, goes to the dead letters; a run
 *   that stood for it ends `failed` first, so that nobody waits for it.
 */
export class EntryHandler {
  readonly #deps: EntryHandlerDeps;

  constructor(deps: EntryHandlerDeps) {
    this.#deps = deps;
  }

  async handle(entry: Entry): Promise<void> {
    const agent = entry.topic.slice(entry.topic.indexOf(":") + 1);
    let errors = 0;
    // Changing hands is no delivery, nor is trying again.
    let deliveredBy = entry.reclaimedFrom !== undefined ? {} : { deliveredBy: entry.entryId };
    for (let tries = 0; ; tries += 1) {
      try {
        const work = this.#work(entry, agent, deliveredBy);
        deliveredBy = {};
        return await this.#settle(entry, await work);
      } catch (error) {
        if (!(error instanceof BusUnavailable)) errors += 1;
        this.#deps.logger.error("entry not handled", { error, topic: entry.topic, entry: entry.entryId, errors });
        // Unsettled, it stays pending here: whoever finds us gone takes it.
        if (this.#deps.draining.aborted) return;
        if (errors >= MOST_ERRORS) {
          if (!(await this.#endRun(entry, agent, error))) return this.#giveUp(entry, error);
          // The run is over and its message in the dead letters: the rest of the inbox goes on.
          errors = 0;
          tries = 0;
        }
        await quietPause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries), this.#deps.draining);
      }
    }
  }

  async #work(entry: Entry, agent: string, delivery: { deliveredBy?: string }): Promise<Verdict> {
    const parsed = parseEntry(entry, agent, new Date());
    if (parsed.kind === "garbage") return this.#workOnGarbage(entry, agent, parsed);
    const { envelope } = parsed;
    for (;;) {
      const accepted = await this.#deps.conversations.accept({
        envelope,
        agent,
        onBusy: "enqueue",
        trace: entry.trace,
        alreadyQueued: true,
        ...delivery,
      });
      if (accepted.outcome === "deleted") return { kind: "acknowledge" };
      if (accepted.outcome === "conflict") {
        const message = "the id was used for another message of this conversation";
        return { kind: "dead_letter", error: { code: "idempotency_conflict", message } };
      }
      const work: Work = { conversationId: envelope.conversation_id, agent };
      const verdict = await this.#workThrough(entry, work);
      // A failover that took a run from us may have lost its message as well: it is accepted again, or found to be there.
      if (verdict.kind !== "acknowledge" || !work.hasLostRun) return verdict;
    }
  }

  /** Where the conversation exists, its user is shown a failed run in place of what could not be read. */
  async #workOnGarbage(
    entry: Entry,
    agent: string,
    parsed: Extract<ParsedEntry, { kind: "garbage" }>,
  ): Promise<Verdict> {
    const { code, message, conversationId } = parsed;
    const error = { code, message };
    if (conversationId === undefined) return { kind: "dead_letter", error };
    const found = await this.#deps.conversations.find(conversationId);
    if (found.outcome !== "found") return { kind: "dead_letter", error };
    // An id of its own where the entry has none that could be used, the same at every delivery.
    const id = isUuid(entry.id) ? entry.id : uuidV5(conversationId, `${entry.topic} ${entry.entryId}`);
    await this.#deps.conversations.accept({
      ...standInFor({ id, conversationId, agent }, error),
      agent,
      onBusy: "enqueue",
      trace: entry.trace,
      alreadyQueued: true,
    });
    return this.#workThrough(entry, { conversationId, agent, garbage: error });
  }

  async #workThrough(entry: Entry, work: Work): Promise<Verdict> {
    const { conversationId, agent, garbage } = work;
    const { runs, states, ward, draining, queue } = this.#deps;
    const verdict: Verdict = garbage ? { kind: "dead_letter", error: garbage } : { kind: "acknowledge" };
    for (;;) {
      const stop = this.#stop(agent);
      if (stop !== undefined) return stop;
      const wanted = { conversationId, agent, take: MAY_TAKE[states.of(agent)], entry };
      const claim = await claimForEntry(entry, queue, () => admit(ward, runs, wanted, draining));
      if (claim.outcome === "stopped") continue;
      if (claim.outcome === "given_away") return { kind: "leave" };
      if (claim.outcome === "waiting") return { kind: "hold", hasBegun: claim.hasBegun };
      if (claim.outcome !== "claimed") return verdict;
      const { giveUp, isLast } = await this.#runOnce(claim.lease, work).finally(() => claim.stay.leave());
      // At once: whoever takes the entry later finds its run over and knows nothing of why.
      if (giveUp !== undefined) await this.#bury(entry, claim.lease, giveUp);
      // A turn that came since has an entry of its own to answer for it.
      if (isLast) return verdict;
    }
  }

  /** Undefined: further turns may be taken here. */
  #stop(agent: string): Verdict | undefined {
    const { draining, serves } = this.#deps;
    const isServed = serves(agent);
    if (!draining.aborted && isServed) return undefined;
    return { kind: isServed ? "hand_over" : "requeue" };
  }

  /** Executes one run and waits where it must be tried again. Answers why its message is given up, if it is, and whether no turn waits after it. */
  async #runOnce(lease: RunLease, work: Work): Promise<{ giveUp?: GivenUp; isLast: boolean }> {
    const result = await this.#execute(lease);
    if (result.outcome === "ended") return result;
    if (result.outcome === "parked") return { isLast: false };
    if (result.outcome === "lost") work.hasLostRun = true;
    const pauseMs = result.outcome === "failed" ? FIRST_PAUSE_MS * 2 ** result.failures : FIRST_PAUSE_MS;
    await quietPause(pauseMs, this.#deps.draining);
    return { isLast: false };
  }

  /** A lease that a living worker keeps without working on it would hold its conversation up for ever. */
  async #execute(lease: RunLease): Promise<RunResult> {
    try {
      return await this.#deps.execute(lease);
    } catch (error) {
      await lease.release().catch(() => undefined);
      throw error instanceof BusUnavailable ? error : new RunNotHandled(lease.run.id, { cause: error });
    }
  }

  /** Where a run is what cannot be handled: ends it and buries its message. False where there is none, or not to be had. */
  async #endRun(entry: Entry, agent: string, error: unknown): Promise<boolean> {
    const { runs, giveUpRun, logger } = this.#deps;
    try {
      const conversationId = conversationOf(parseEntry(entry, agent, new Date()));
      if (conversationId === undefined) return false;
      const claim = await runs.claim(conversationId, agent, { entry });
      if (claim.outcome !== "claimed") return false;
      const { lease } = claim;
      const { run } = lease;
      const isMeant = error instanceof RunNotHandled ? run.id === error.runId : run.messageId === entry.id;
      const result = isMeant ? await giveUpRun(lease) : undefined;
      if (result?.outcome === "ended") {
        await this.#bury(entry, lease, result.giveUp ?? internal(error));
        return true;
      }
      await lease.release();
    } catch (later) {
      logger.error("run could not be given up", { error: later, topic: entry.topic, entry: entry.entryId });
    }
    return false;
  }

  async #bury(entry: Entry, lease: RunLease, error: GivenUp): Promise<void> {
    const { queue, logger } = this.#deps;
    const { run } = lease;
    logger.warn("message given up", { topic: entry.topic, run_id: run.id, error_code: error.code });
    const { messageId: id, envelope, startedAtMs: firstSeenMs, source } = run;
    if (id === entry.id) await queue.bury(entry, error);
    else {
      // A turn that came with an entry of its own, acknowledged when this one began to answer for the inbox.
      const letter = { id, payload: JSON.stringify(envelope), firstSeenMs, ...(source ? { source } : {}) };
      await queue.deadLetterMessage(entry.topic, letter, error);
    }
    await lease.buried();
  }

  async #settle(entry: Entry, verdict: Verdict): Promise<void> {
    const { queue, logger } = this.#deps;
    if (verdict.kind === "acknowledge") return queue.ack(entry);
    if (verdict.kind === "leave") return;
    if (verdict.kind === "hand_over") return queue.handOver(entry);
    if (verdict.kind === "hold") return queue.hold(entry, verdict.hasBegun);
    if (verdict.kind === "requeue") return queue.requeue(entry);
    logger.warn("entry given up", { topic: entry.topic, entry: entry.entryId, error_code: verdict.error.code });
    await queue.deadLetter(entry, verdict.error);
  }

  async #giveUp(entry: Entry, error: unknown): Promise<void> {
    try {
      await this.#deps.queue.deadLetter(entry, internal(error));
    } catch (later) {
      this.#deps.logger.error("entry could not be given up", {
        error: later,
        topic: entry.topic,
        entry: entry.entryId,
      });
    }
  }
}

async function quietPause(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, signal).catch(() => undefined);
}

/** Handling a claimed run failed where that must not happen. */
class RunNotHandled extends Error {
  override readonly name = "RunNotHandled";
  readonly runId: string;

  constructor(runId: string, options: ErrorOptions) {
    super("the run could not be handled", options);
    this.runId = runId;
  }
}

function internal(error: unknown): GivenUp {
  const cause = error instanceof RunNotHandled ? error.cause : error;
  return { code: "internal", message: `handling it failed: ${cause instanceof Error ? cause.name : "unknown"}` };
}

const conversationOf = (parsed: ParsedEntry): string | undefined =>
  parsed.kind === "message" ? parsed.envelope.conversation_id : parsed.conversationId;
