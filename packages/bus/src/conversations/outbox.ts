import type { Commands } from "../connection/commands.ts";
import { OUTBOX_KEYS, outboxKey } from "../keys.ts";

/**
 * Work that spans slots is two writes that a crash can part: a message is accepted in its conversation's slot and queued in
 * its agent's, an answer is durable in its conversation's and published in its topic's, a run goes on in its conversation's
 * (humans have decided, or what stood before it was cancelled) and is queued again in its agent's. Before the first a note is put here,
 * after the last it is taken away; a note that stays is found by the sweep, which does the second write again. Both are
 * at-least-once under one id, and whoever reads them dedupes by it.
 */
export type NoteKind = "turn" | "answer" | "wake";

export interface Note {
  readonly kind: NoteKind;
  readonly conversationId: string;
  readonly runId: string;
}

const SWEEP_AFTER_MS = 5_000;
const SWEEP_BATCH = 100;

const textOf = ({ kind, conversationId, runId }: Note): string => `${kind} ${conversationId} ${runId}`;

function parseNote(text: string): Note {
  const [kind, conversationId = "", runId = ""] = text.split(" ");
  return { kind: kind === "answer" || kind === "wake" ? kind : "turn", conversationId, runId };
}

export class Outbox {
  readonly #commands: Commands;

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  async put(note: Note): Promise<void> {
    await this.#commands.send((redis) => redis.zadd(outboxKey(note.conversationId), Date.now(), textOf(note)));
  }

  async remove(note: Note): Promise<void> {
    await this.#commands.send((redis) => redis.zrem(outboxKey(note.conversationId), textOf(note)));
  }

  /** Hands every note that stayed to `settle` and takes it away after. Answers how many `settle` said it acted on. */
  async sweep(settle: (note: Note) => Promise<boolean>): Promise<number> {
    let settled = 0;
    for (const key of OUTBOX_KEYS) {
      const until = Date.now() - SWEEP_AFTER_MS;
      const notes = await this.#commands.send((redis) => redis.zrangebyscore(key, 0, until, "LIMIT", 0, SWEEP_BATCH));
      for (const note of notes) {
        if (await settle(parseNote(note))) settled += 1;
        await this.#commands.send((redis) => redis.zrem(key, note));
      }
    }
    return settled;
  }
}
