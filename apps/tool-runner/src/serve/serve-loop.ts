import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import type { Entry } from "@holdfast/bus";
import type { ToolCall } from "@holdfast/protocol";
import { Slots } from "../mcp/slots.ts";
import type { Outcome } from "./executor.ts";
import { Place } from "./place.ts";
import { readCall } from "./read-call.ts";
import { CANNOT_BEGIN, OUTCOME_UNKNOWN, serveCall, type ServeContext, toolsetOf } from "./serve-call.ts";

const BLOCK_MS = 1_000;
/** While calls of a toolset are left to others, it is soon looked at again whether they still should be. */
const BLOCK_WITHOUT_MS = 100;
/** Calls that may wait here for a toolset whose places are all taken, so that a place that gets free is not idle. */
const WAITING_FOR_FULL = 4;
/** Calls that may wait here because their conversations have their share. */
const WAITING_FOR_SHARE = 1_024;
const RECLAIM_EVERY_MS = 500;
const TROUBLE_PAUSE_MS = 500;
/** Half of the time after which an entry that is pending here, and was not kept, is taken for one that nobody has seen. */
const KEEP_EVERY_MS = 10_000;

export interface ServeLimits {
  /** Calls in work at once. */
  readonly concurrency: number;
  readonly keepEveryMs?: number;
}

/**
 * Takes tool calls, and those of runners that died, until it is stopped.
 *
 * - A call is in work from the moment it has one of the places; no more are read than there are places for.
 * - A call of a paused agent takes no place, or a few of them would keep every other agent's calls waiting. It is held here
 *   unstarted, for its worker may still give it up, and gets in line for a place when its agent is resumed. It stays pending
 *   to us meanwhile: where we die, the next runner holds it.
 * - A call that waits for who runs its tool takes no place either: a conversation that sends many commands at once keeps
 *   neither the calls of others nor those of other toolsets waiting. Where a toolset can begin none at all here, or very many wait
 *   for it, its calls are left in the queue, for another runner to take.
 * - A call that waits for a human gives its place to others meanwhile (`place.ts`).
 * - A call of a runner that died is looked up first: one that has begun waits for nothing here, for it is not run again.
 * - What has not begun when we stop is handed over: another runner takes it at once, or the next process does.
 */
export class ServeLoop {
  readonly #context: ServeContext;
  readonly #limits: ServeLimits;
  readonly #places: Slots;
  readonly #inHand = new Map<Entry, Promise<void>>();
  readonly #stop = new AbortController();
  /** Aborts when no further call may begin. */
  readonly #stopping: AbortSignal;
  #heldCount = 0;
  /** How many wait for those who run their tools, by topic. */
  readonly #waiting = new Map<string, number>();
  #keeping: NodeJS.Timeout | undefined;
  #loops: Promise<unknown> | undefined;
  #slotFreed: () => void = () => undefined;

  constructor(context: ServeContext, limits: ServeLimits) {
    this.#context = context;
    this.#limits = limits;
    this.#places = new Slots(limits.concurrency, Number.POSITIVE_INFINITY);
    this.#stopping = AbortSignal.any([context.stopping, this.#stop.signal]);
  }

  start(): void {
    this.#loops = Promise.all([this.#repeat(() => this.#readOnce()), this.#repeat(() => this.#reclaimOnce())]);
    this.#keeping = setInterval(() => this.#keepAll(), this.#limits.keepEveryMs ?? KEEP_EVERY_MS);
  }

  /** Begins no more calls, lets those in work end until `withinMs` is over, then aborts them and waits for that. */
  async stop(withinMs: number): Promise<void> {
    this.#stop.abort();
    this.#slotFreed();
    await Promise.race([this.#workEnded(), delay(withinMs, undefined, { ref: false })]);
    this.#context.running.abortAll("shutdown");
    await this.#workEnded();
    clearInterval(this.#keeping);
    await this.#context.queue.close();
  }

  /** A read that is under way may still bring calls, which are handed over. */
  async #workEnded(): Promise<void> {
    await this.#loops;
    await Promise.all(this.#inHand.values());
  }

  async #repeat(once: () => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await once();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#context.logger.warn("the work queue cannot be read; trying again", { error });
        await delay(TROUBLE_PAUSE_MS);
      }
    }
  }

  /** A held call that gets in line for a place counts like one that has it. */
  get #free(): number {
    return this.#limits.concurrency - (this.#inHand.size - this.#heldCount);
  }

  async #readOnce(): Promise<void> {
    if (this.#free <= 0) {
      await new Promise<void>((resolve) => {
        this.#slotFreed = resolve;
      });
      return;
    }
    const without = this.#leftToOthers();
    const blockMs = without.length === 0 ? BLOCK_MS : BLOCK_WITHOUT_MS;
    for (const entry of await this.#context.queue.read(this.#free, blockMs, without)) this.#take(entry);
    // What can begin at once has its place before it is decided how much is read next.
    await nextTurn();
  }

  #leftToOthers(): string[] {
    return [...this.#waiting].flatMap(([topic, count]) => {
      const isFull = this.#context.executorOf(toolsetOf({ topic }))?.isFull?.(toolsetOf({ topic })) === true;
      return count >= (isFull ? WAITING_FOR_FULL : WAITING_FOR_SHARE) ? [topic] : [];
    });
  }

  async #reclaimOnce(): Promise<void> {
    await delay(RECLAIM_EVERY_MS * (0.75 + Math.random() / 2));
    if (this.#free <= 0 || this.#stop.signal.aborted) return;
    for (const entry of await this.#context.queue.reclaim(this.#free)) this.#take(entry);
  }

  #take(entry: Entry): void {
    const work = this.#serve(entry).finally(() => {
      this.#inHand.delete(entry);
      this.#slotFreed();
    });
    this.#inHand.set(entry, work);
  }

  /** Without an acknowledgement the entry stays ours and pending; the next process takes it when we are gone. */
  async #serve(entry: Entry): Promise<void> {
    const { queue, logger } = this.#context;
    try {
      const call = readCall(entry);
      if ("problem" in call) {
        logger.warn("an entry that is no tool call went to the dead letters", {
          topic: entry.topic,
          entry_id: entry.entryId,
        });
        await queue.deadLetter(entry, { code: "invalid_entry", message: call.problem });
        return;
      }
      await this.#serveCall(entry, call);
    } catch (error) {
      logger.error("a tool call could not be answered", { topic: entry.topic, entry_id: entry.entryId, error });
    }
  }

  async #serveCall(entry: Entry, call: ToolCall): Promise<void> {
    const { queue, logger } = this.#context;
    if (entry.reclaimedFrom !== undefined) {
      // Should a failover lose meanwhile that it has begun, it has begun all the same.
      if (await this.#hasBegun(entry, call)) return serveCall(entry, call, this.#context, { instead: OUTCOME_UNKNOWN });
      if (this.#leftToOthers().includes(entry.topic)) return queue.requeue(entry);
    }
    let place: Place | Outcome | undefined;
    try {
      place = await this.#placeFor(entry, call);
    } catch (error) {
      if (this.#stopping.aborted) throw error;
      logger.error("a tool call cannot be begun", { topic: entry.topic, entry_id: entry.entryId, error });
      // Left in the queue it would be waited for until it is out of time.
      return serveCall(entry, call, this.#context, { instead: CANNOT_BEGIN });
    }
    if (place === undefined) return queue.handOver(entry);
    if (!(place instanceof Place)) return serveCall(entry, call, this.#context, { instead: place });
    const { whileAsking } = place;
    await serveCall(entry, call, this.#context, { whileAsking }).finally(() => place.leave());
  }

  /** Where that cannot be seen now, it is seen when it has a place. */
  async #hasBegun({ id }: Entry, { conversation_id }: ToolCall): Promise<boolean> {
    const found = await this.#context.journal.state(conversation_id, id).catch(() => undefined);
    return found !== undefined && found.state !== "absent";
  }

  /**
   * Resolves to the place; to what the call ends with where it may not begin; to undefined when nothing may begin any more. Waiting for a place is not running:
   * until then the worker may give the call up, and its timeout does not count.
   */
  async #placeFor(entry: Entry, call: ToolCall): Promise<Place | Outcome | undefined> {
    const { states } = this.#context;
    for (;;) {
      if (states.of(call.agent) === "paused") await this.#whilePaused(call.agent);
      const place = await this.#enter(entry, call);
      // It may have been paused again while the call stood in line.
      if (!(place instanceof Place) || states.of(call.agent) !== "paused") return place;
      place.leave();
    }
  }

  /** Where who runs the tool has places of its own, one of those, and then a place here. */
  async #enter(entry: Entry, call: ToolCall): Promise<Place | Outcome | undefined> {
    const toolset = toolsetOf(entry);
    const executor = this.#context.executorOf(toolset);
    const toAdmit = { toolset, conversationId: call.conversation_id, timeoutMs: call.timeout_ms };
    let admitted: (() => void) | Outcome | undefined;
    try {
      admitted = executor?.admit && (await this.#held(entry.topic, executor.admit(toAdmit, this.#stopping)));
    } catch (error) {
      if (this.#stopping.aborted) return undefined;
      throw error;
    }
    if (typeof admitted === "object") return admitted;
    const leave = await this.#places.acquire(this.#stopping);
    if (leave === undefined) {
      admitted?.();
      return undefined;
    }
    return new Place(this.#places, { leave, leaveExecutor: admitted, onLent: (isLent) => this.#lent(isLent) });
  }

  #lent(isLent: boolean): void {
    this.#heldCount += isLent ? 1 : -1;
    this.#slotFreed();
  }

  /** Until it is decided, the call takes no place. */
  async #held<T>(topic: string, decided: Promise<T>): Promise<T> {
    this.#heldCount += 1;
    this.#waiting.set(topic, (this.#waiting.get(topic) ?? 0) + 1);
    this.#slotFreed();
    try {
      return await decided;
    } finally {
      this.#heldCount -= 1;
      const left = (this.#waiting.get(topic) ?? 1) - 1;
      if (left > 0) this.#waiting.set(topic, left);
      else this.#waiting.delete(topic);
    }
  }

  async #whilePaused(agent: string): Promise<void> {
    this.#heldCount += 1;
    this.#slotFreed();
    try {
      await this.#context.states.whileIn(["paused"], agent, this.#stopping);
    } catch (error) {
      if (!this.#stopping.aborted) throw error;
    } finally {
      this.#heldCount -= 1;
    }
  }

  #keepAll(): void {
    const { queue, logger } = this.#context;
    for (const entry of this.#inHand.keys()) {
      queue.keep(entry).catch((error: unknown) => logger.debug("a tool call's entry was not kept", { error }));
    }
  }
}
