import type { Commands } from "../connection/commands.ts";
import { OUTBOX_KEYS, outboxKey } from "../keys.ts";
import { EachByItself } from "../each-by-itself.ts";

/**
 * Work that spans slots is two writes that a crash can part: a message is accepted in its conversation's slot and queued in
 * its agent's, an answer is durable in its conversation's and published in its topic's, a run goes on in its conversation's
 * (humans have decided, or what stood before it was cancelled) and is queued again in its agent's, a run is given up in its
 * conversation's and its message buried in its agent's dead letters. Before the first a note is put here,
 * after the last it is taken away; a note that stays is found by the sweep, which does the second write again. Both are
 * at-least-once under one id, and whoever reads them dedupes by it.
 */
const KINDS = ["turn", "answer", "wake", "letter"] as const;
export type NoteKind = (typeof KINDS)[number];

export interface Note {
  readonly kind: NoteKind;
  readonly conversationId: string;
  readonly runId: string;
}

/** One put of a note: it can be put again by somebody else who does the same work, and is then theirs to take away. */
export interface PutNote {
  readonly note: Note;
  /** When, unix ms with a fraction that tells puts apart. */
  readonly atMs: number;
  /** False where the note was there already: somebody is at the same work, or did not finish it. */
  readonly isFirst: boolean;
}

const SWEEP_AFTER_MS = 5_000;
const SWEEP_BATCH = 100;

const textOf = ({ kind, conversationId, runId }: Note): string => `${kind} ${conversationId} ${runId}`;

function parseNote(text: string): Note {
  const [name, conversationId = "", runId = ""] = text.split(" ");
  return { kind: KINDS.find((kind) => kind === name) ?? "turn", conversationId, runId };
}

export class Outbox {
  readonly #commands: Commands;

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  async put(note: Note): Promise<PutNote> {
    const atMs = Date.now() + Math.random();
    const added = await this.#commands.send((redis) => redis.zadd(outboxKey(note.conversationId), atMs, textOf(note)));
    return { note, atMs, isFirst: added === 1 };
  }

  /** Leaves a note that was put again since. */
  async remove({ note, atMs }: PutNote): Promise<void> {
    await this.#removeAt(outboxKey(note.conversationId), textOf(note), String(atMs));
  }

  /**
   * Hands every note that stayed to `settle` and takes it away after, unless it was put again meanwhile. Answers how many
   * `settle` said it acted on. A note that cannot be settled keeps no other waiting: the error comes after the last.
   */
  async sweep(settle: (note: Note) => Promise<boolean>): Promise<number> {
    let settled = 0;
    const each = new EachByItself();
    for (const key of OUTBOX_KEYS) {
      const until = Date.now() - SWEEP_AFTER_MS;
      const stayed = await this.#commands.send((redis) =>
        redis.zrangebyscore(key, 0, until, "WITHSCORES", "LIMIT", 0, SWEEP_BATCH),
      );
      for (let at = 0; at + 1 < stayed.length; at += 2) {
        const [note = "", putAt = ""] = stayed.slice(at, at + 2);
        await each.try(note, async () => {
          if (await settle(parseNote(note))) settled += 1;
          await this.#removeAt(key, note, putAt);
        });
      }
    }
    each.throwIfAny();
    return settled;
  }

  async #removeAt(key: string, note: string, putAt: string): Promise<void> {
    await this.#commands.script("put-back-1", [key], [note, putAt, ""]);
  }
}
