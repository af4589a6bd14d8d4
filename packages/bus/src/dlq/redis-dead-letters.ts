import { type DeadLetter, dlqTopic } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { DLQ_INDEX_KEY, letterField, lettersKey } from "../keys.ts";
import { fieldOf } from "../log/redis-event-log.ts";
import type { PageOf, PageRequest } from "../ports/conversations.ts";
import type { DeadLetters } from "../ports/dead-letters.ts";
import type { Upkeep } from "../retention/upkeep.ts";
import { publishEntry } from "../queue/publish-entry.ts";
import { redriveMessage } from "./redrive-message.ts";

const CHAT = "chat:";

export class RedisDeadLetters implements DeadLetters {
  readonly #commands: Commands;
  readonly #upkeep: Upkeep;

  constructor(commands: Commands, upkeep: Upkeep) {
    this.#commands = commands;
    this.#upkeep = upkeep;
  }

  /** The cursor is `<topic> <entry>` of the last row. */
  async list(page: PageRequest & { readonly topic?: string }): Promise<PageOf<DeadLetter>> {
    const topics = page.topic === undefined ? await this.#topics() : [page.topic];
    const [fromTopic = "", after = ""] = (page.cursor ?? "").split(" ");
    const rows: DeadLetter[] = [];
    for (const topic of topics.filter((name) => name >= fromTopic)) {
      const start = topic === fromTopic && after ? `(${after}` : "-";
      const count = page.limit + 1 - rows.length;
      const entries = await this.#commands.send((redis) => redis.xrange(dlqTopic(topic), start, "+", "COUNT", count));
      rows.push(...entries.map(([entryId, fields]) => letterFrom(topic, entryId, fields)));
      if (rows.length > page.limit) break;
    }
    const data = rows.slice(0, page.limit);
    const last = data.at(-1);
    return { data, nextCursor: rows.length > page.limit && last ? `${last.topic} ${last.entry}` : null };
  }

  async redrive(topic: string, entry: string): ReturnType<DeadLetters["redrive"]> {
    const letter = await this.#find(topic, entry);
    if (!letter) return { outcome: "missing" };
    const { id, payload } = letter;
    const agent = topic.slice(CHAT.length);
    const runId = topic.startsWith(CHAT)
      ? await redriveMessage(this.#commands, this.#upkeep, { id, payload, agent })
      : undefined;
    // Queued before it is taken out: a crash in between redrives it twice, and consumers dedupe.
    await publishEntry(this.#commands, topic, { id, payload });
    await this.#takeOut(letter);
    return { outcome: "redriven", ...(runId === undefined ? {} : { runId }) };
  }

  async remove(topic: string, entry: string): Promise<"removed" | "missing"> {
    // Not by what the removal answers: sent again after a lost reply, it would find none.
    const letter = await this.#find(topic, entry);
    if (!letter) return "missing";
    await this.#takeOut(letter);
    return "removed";
  }

  async #takeOut(letter: DeadLetter): Promise<void> {
    await this.#commands.send((redis) => redis.xdel(dlqTopic(letter.topic), letter.entry));
    await this.#commands.send((redis) => redis.hdel(lettersKey(letter.topic), letterField(letter)));
  }

  async #find(topic: string, entry: string): Promise<DeadLetter | undefined> {
    const [found] = await this.#commands.send((redis) => redis.xrange(dlqTopic(topic), entry, entry));
    return found ? letterFrom(topic, found[0], found[1]) : undefined;
  }

  async #topics(): Promise<string[]> {
    return (await this.#commands.send((redis) => redis.smembers(DLQ_INDEX_KEY))).toSorted();
  }
}

function letterFrom(topic: string, entryId: string, fields: readonly string[]): DeadLetter {
  return {
    entry: entryId,
    topic,
    id: fieldOf(fields, "id"),
    payload: fieldOf(fields, "payload"),
    error: fieldOf(fields, "error"),
    deliveries: Number(fieldOf(fields, "deliveries")),
    first_seen: fieldOf(fields, "first_seen"),
    source_id: fieldOf(fields, "source_id"),
  };
}
