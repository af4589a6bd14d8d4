import { chatTopic } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { OUTBOX_KEYS, metaKey, outboxKey, runKey, tombstoneKey } from "../keys.ts";
import type { TraceContext } from "../ports/entry.ts";

/**
 * A message is accepted in its conversation's slot and queued in its agent's: two writes that a crash can part. Before the
 * first a note is put here, after the last it is taken away; a note that stays is found by the sweep, which queues the turn
 * again under the same id. Consumers dedupe by id, so a turn queued twice runs once.
 */
const SWEEP_AFTER_MS = 5_000;
const SWEEP_BATCH = 100;

const noteOf = (conversationId: string, runId: string): string => `${conversationId} ${runId}`;

export class Outbox {
  readonly #commands: Commands;

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  async put(conversationId: string, runId: string): Promise<void> {
    await this.#commands.send((redis) =>
      redis.zadd(outboxKey(conversationId), Date.now(), noteOf(conversationId, runId)),
    );
  }

  async remove(conversationId: string, runId: string): Promise<void> {
    await this.#commands.send((redis) => redis.zrem(outboxKey(conversationId), noteOf(conversationId, runId)));
  }

  /** Answers how many turns were queued again. */
  async sweep(): Promise<number> {
    let swept = 0;
    for (const key of OUTBOX_KEYS) {
      const notes = await this.#commands.send((redis) =>
        redis.zrangebyscore(key, 0, Date.now() - SWEEP_AFTER_MS, "LIMIT", 0, SWEEP_BATCH),
      );
      for (const note of notes) {
        if (await this.#settle(note)) swept += 1;
        await this.#commands.send((redis) => redis.zrem(key, note));
      }
    }
    return swept;
  }

  async #settle(note: string): Promise<boolean> {
    const [conversationId = "", runId = ""] = note.split(" ");
    const [status, agent, messageId, envelope, trace] = await this.#commands.send((redis) =>
      redis.hmget(runKey(conversationId, runId), "status", "agent", "message_id", "envelope", "trace"),
    );
    if (status !== "queued" || !agent || !messageId || !envelope) return false;
    await queueTurn(this.#commands, {
      conversationId,
      agent,
      messageId,
      envelope,
      trace: parseTrace(trace ?? undefined),
    });
    return true;
  }
}

export interface Turn {
  readonly conversationId: string;
  readonly agent: string;
  readonly messageId: string;
  readonly envelope: string;
  readonly trace: TraceContext;
  /** True where the entry in `chat:<agent>` is there already. */
  readonly alreadyQueued?: boolean;
}

/** Publishes an accepted turn to `chat:<conversation>` and `chat:<agent>`. */
export async function queueTurn(commands: Commands, turn: Turn): Promise<void> {
  const fields = ["id", turn.messageId, "payload", turn.envelope, ...traceFields(turn.trace)];
  await Promise.all([
    commands.send((redis) => redis.xadd(chatTopic(turn.conversationId), "*", ...fields)),
    turn.alreadyQueued ? undefined : commands.send((redis) => redis.xadd(chatTopic(turn.agent), "*", ...fields)),
  ]);
  // A conversation deleted meanwhile must not leave a topic behind.
  const [deleted, exists] = await Promise.all([
    commands.send((redis) => redis.exists(tombstoneKey(turn.conversationId))),
    commands.send((redis) => redis.exists(metaKey(turn.conversationId))),
  ]);
  if (deleted || !exists) await commands.send((redis) => redis.del(chatTopic(turn.conversationId)));
}

export function traceFields(trace: TraceContext): string[] {
  return [
    ...(trace.traceparent ? ["traceparent", trace.traceparent] : []),
    ...(trace.tracestate ? ["tracestate", trace.tracestate] : []),
  ];
}

export function parseTrace(json: string | undefined): TraceContext {
  return json ? (JSON.parse(json) as TraceContext) : {};
}
