import { streamTopic } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { metaKey } from "../keys.ts";
import { fieldOf } from "../log/redis-event-log.ts";
import { ClosedTokens } from "./closed-tokens.ts";

const PAGE = 500;

export interface Compacted {
  /** Entry id up to which nothing is left to compact; '' where nothing is known. */
  readonly through: string;
  /** Tokens stand there that are not to be compacted yet. */
  readonly hasMore: boolean;
}

/**
 * Deletes the tokens of steps that were closed before `closedBeforeMs`. Deleting is safe at any moment and by any number of
 * processes at once: the text stands in `step` or `output`, which win over tokens, and a hole in the log means compacted.
 *
 * Each step is deleted from its last token backwards, so a reader who comes in between still sees a prefix of its text.
 */
export async function compactLog(
  commands: Commands,
  conversationId: string,
  closedBeforeMs: number,
): Promise<Compacted> {
  const topic = streamTopic(conversationId);
  const found = new ClosedTokens(closedBeforeMs);
  let after = (await commands.send((redis) => redis.hget(metaKey(conversationId), "compacted"))) ?? "";
  const known = after;
  for (;;) {
    const from = after === "" ? "-" : `(${after}`;
    const entries = await commands.send((redis) => redis.xrange(topic, from, "+", "COUNT", PAGE));
    for (const [id, fields] of entries) found.read({ id, payload: fieldOf(fields, "payload") });
    for (const ids of found.take()) await deleteBackwards(commands, topic, ids);
    after = entries.at(-1)?.[0] ?? after;
    if (entries.length < PAGE) break;
  }
  return { through: found.settledThrough || known, hasMore: found.hasMore };
}

async function deleteBackwards(commands: Commands, topic: string, ids: readonly string[]): Promise<void> {
  for (let end = ids.length; end > 0; end -= PAGE) {
    const piece = ids.slice(Math.max(0, end - PAGE), end);
    await commands.send((redis) => redis.xdel(topic, ...piece));
  }
}
