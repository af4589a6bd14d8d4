import { setTimeout as delay } from "node:timers/promises";
import { ResultsPayload, resultsTopic } from "@holdfast/protocol";
import type { TopicTail } from "../connection/blocking-reads.ts";
import type { Commands } from "../connection/commands.ts";
import { fieldOf } from "../log/redis-event-log.ts";

const RETRY_MS = 250;
/** More than a runner has on its way at once. */
const PIECES_KNOWN = 1_000;
const WAKE_KEPT_MS = 3_600_000;
type Listener = (answer: ResultsPayload) => void;

interface Watched {
  cursor: string;
  /** Ids of the latest live output, oldest first. */
  readonly pieces: Set<string>;
  readonly listeners: Set<Listener>;
}

/**
 * Answers to tool calls, for every conversation with an open call, by one blocking read. Its list of topics changes with
 * each call; an entry in a wake-up topic of our own ends the read early, so that a new topic is heard at once.
 */
export class ResultsWatcher {
  readonly #commands: Commands;
  readonly #openTail: () => TopicTail;
  readonly #wakeTopic: string;
  readonly #watched = new Map<string, Watched>();
  #tail: TopicTail | undefined;
  #wakeCursor = "0-0";
  #isClosed = false;

  constructor(commands: Commands, openTail: () => TopicTail, instance: string) {
    this.#commands = commands;
    this.#openTail = openTail;
    this.#wakeTopic = `wake:${instance}`;
  }

  async watch(conversationId: string, listener: Listener): Promise<() => void> {
    const topic = resultsTopic(conversationId);
    let watched = this.#watched.get(topic);
    if (!watched) {
      const [newest] = await this.#commands.send((redis) => redis.xrevrange(topic, "+", "-", "COUNT", 1));
      watched = this.#watched.get(topic) ?? { cursor: newest?.[0] ?? "0-0", pieces: new Set(), listeners: new Set() };
      this.#watched.set(topic, watched);
    }
    watched.listeners.add(listener);
    if (!this.#tail) void this.#loop((this.#tail = this.#openTail()));
    else await this.#wake();
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size === 0) this.#watched.delete(topic);
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#tail?.close();
    await this.#commands.send((redis) => redis.del(this.#wakeTopic)).catch(() => undefined);
  }

  async #wake(): Promise<void> {
    await Promise.all([
      this.#commands.send((redis) => redis.xadd(this.#wakeTopic, "MAXLEN", 1, "*", "id", "", "payload", "{}")),
      // A worker that is killed takes nothing with it.
      this.#commands.send((redis) => redis.pexpire(this.#wakeTopic, WAKE_KEPT_MS)),
    ]);
  }

  async #loop(tail: TopicTail): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#readOnce(tail);
      } catch {
        if (!this.#isClosed) await delay(RETRY_MS);
      }
    }
  }

  async #readOnce(tail: TopicTail): Promise<void> {
    const cursors = new Map([[this.#wakeTopic, this.#wakeCursor]]);
    for (const [topic, { cursor }] of this.#watched) cursors.set(topic, cursor);
    for (const [topic, entries] of await tail.next(cursors)) {
      for (const [entryId, fields] of entries) this.#deliver(topic, entryId, fields);
    }
  }

  #deliver(topic: string, entryId: string, fields: readonly string[]): void {
    if (topic === this.#wakeTopic) {
      this.#wakeCursor = entryId;
      return;
    }
    const watched = this.#watched.get(topic);
    if (!watched) return;
    watched.cursor = entryId;
    const answer = parse(fieldOf(fields, "payload"));
    if (!answer || (answer.event === "tool_output" && isRepeated(watched.pieces, fieldOf(fields, "id"), answer.id)))
      return;
    for (const listener of watched.listeners) listener(answer);
  }
}

/**
 * A piece of output stands here twice where its runner's connection broke before it was confirmed. A runner that gives its pieces
 * no ids of their own says each as often as it stands here.
 */
function isRepeated(pieces: Set<string>, id: string, callId: string): boolean {
  if (id === "" || id === callId) return false;
  if (pieces.has(id)) return true;
  pieces.add(id);
  for (const oldest of pieces) {
    if (pieces.size <= PIECES_KNOWN) break;
    pieces.delete(oldest);
  }
  return false;
}

/** Anybody may append here; what is no answer is passed over. */
function parse(payload: string): ResultsPayload | undefined {
  try {
    return ResultsPayload.parse(JSON.parse(payload));
  } catch {
    return undefined;
  }
}
