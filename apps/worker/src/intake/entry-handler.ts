import {
  type AgentStates,
  BusUnavailable,
  type Conversations,
  type Entry,
  type Runs,
  uuidV5,
  type RunLease,
  type WorkQueue,
} from "@holdfast/bus";
import { isUuid } from "@holdfast/protocol";
import type { Logger } from "@holdfast/telemetry";
import type { GivenUp, RunResult } from "../run/run-result.ts";
import { pause } from "../run/retry-backoff.ts";
import { standInFor, type UnreadableReason } from "../run/unreadable.ts";
import { type ParsedEntry, parseEntry } from "./parse-entry.ts";

export interface EntryHandlerDeps {
  readonly conversations: Conversations;
  readonly runs: Runs;
  readonly queue: WorkQueue;
  readonly states: AgentStates;
  readonly logger: Logger;
  /** Brings a claimed run to its end; returns with the lease finished, released or lost. */
  readonly execute: (lease: RunLease) => Promise<RunResult>;
  /** Aborts when no further run may begin here. */
  readonly draining: AbortSignal;
}

/** What is to become of an entry once the work it stood for is done. */
type Verdict =
  | { readonly kind: "acknowledge" }
  | { readonly kind: "hand_over" }
  | { readonly kind: "dead_letter"; readonly error: GivenUp };

interface Work {
  readonly conversationId: string;
  readonly agent: string;
  /** Set for an entry that is no message: what it is dead-lettered with, whatever its stand-in's run does. */
  readonly garbage?: UnreadableReason;
}

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
 * - Nothing an entry holds can stop the worker: what cannot be read, or keeps failing, goes to the dead letters.
 */
export class EntryHandler {
  readonly #deps: EntryHandlerDeps;

  constructor(deps: EntryHandlerDeps) {
    this.#deps = deps;
  }

  async handle(entry: Entry): Promise<void> {
    const agent = entry.topic.slice(entry.topic.indexOf(":") + 1);
    let errors = 0;
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#settle(entry, await this.#work(entry, agent));
      } catch (error) {
        if (!(error instanceof BusUnavailable)) errors += 1;
        this.#deps.logger.error("entry not handled", { error, topic: entry.topic, entry: entry.entryId, errors });
        // Unsettled, it stays pending here: whoever finds us gone takes it.
        if (this.#deps.draining.aborted) return;
        if (errors >= MOST_ERRORS) return this.#giveUp(entry, error);
        await quietPause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries), this.#deps.draining);
      }
    }
  }

  async #work(entry: Entry, agent: string): Promise<Verdict> {
    const parsed = parseEntry(entry, agent, new Date());
    if (parsed.kind === "garbage") return this.#workOnGarbage(entry, agent, parsed);
    const { envelope } = parsed;
    const accepted = await this.#deps.conversations.accept({
      envelope,
      agent,
      onBusy: "enqueue",
      trace: entry.trace,
      alreadyQueued: true,
    });
    if (accepted.outcome === "deleted") return { kind: "acknowledge" };
    if (accepted.outcome === "conflict") {
      const message = "the id was used for another message of this conversation";
      return { kind: "dead_letter", error: { code: "idempotency_conflict", message } };
    }
    return this.#workThrough(entry, { conversationId: envelope.conversation_id, agent });
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

  async #workThrough(entry: Entry, { conversationId, agent, garbage }: Work): Promise<Verdict> {
    const { runs, states, execute, draining } = this.#deps;
    let verdict: Verdict = garbage ? { kind: "dead_letter", error: garbage } : { kind: "acknowledge" };
    for (;;) {
      // A paused or draining agent begins no run; the entry stays ours and pending meanwhile.
      await states.whileIn(["paused", "draining"], agent, draining).catch(() => undefined);
      if (draining.aborted) return { kind: "hand_over" };
      const claim = await runs.claim(conversationId, agent);
      if (claim.outcome !== "claimed") return verdict;
      const result = await execute(claim.lease);
      if (result.outcome === "ended" && result.giveUp) {
        if (claim.lease.run.messageId === entry.id) verdict = { kind: "dead_letter", error: result.giveUp };
        else await this.#buryOther(entry.topic, claim.lease, result.giveUp);
      }
      if (result.outcome === "failed") await quietPause(FIRST_PAUSE_MS * 2 ** result.failures, draining);
      if (result.outcome === "released" || result.outcome === "lost") await quietPause(FIRST_PAUSE_MS, draining);
    }
  }

  /** A turn that came with another entry, which was acknowledged when this one answered for the inbox. */
  async #buryOther(topic: string, { run }: RunLease, error: GivenUp): Promise<void> {
    const message = { id: run.messageId, payload: JSON.stringify(run.envelope), firstSeenMs: run.startedAtMs };
    await this.#deps.queue.deadLetterMessage(topic, message, error);
  }

  async #settle(entry: Entry, verdict: Verdict): Promise<void> {
    const { queue, logger } = this.#deps;
    if (verdict.kind === "acknowledge") return queue.ack(entry);
    if (verdict.kind === "hand_over") return queue.handOver(entry);
    logger.warn("entry given up", { topic: entry.topic, entry: entry.entryId, error_code: verdict.error.code });
    await queue.deadLetter(entry, verdict.error);
  }

  async #giveUp(entry: Entry, error: unknown): Promise<void> {
    const code = error instanceof Error ? error.name : "unknown";
    try {
      await this.#deps.queue.deadLetter(entry, { code: "internal", message: `handling it failed: ${code}` });
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
