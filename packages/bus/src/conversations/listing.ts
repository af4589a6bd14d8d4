import type { ConversationSummary, Metadata } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { CONVERSATIONS_KEY, metaKey } from "../keys.ts";
import type { PageOf, PageRequest } from "../ports/conversations.ts";

/**
 * Newest first. The cursor is `<unix ms>.<id>` of the last row, so rows created or deleted meanwhile shift nothing.
 * Two conversations of one millisecond stand in order of their id.
 */
export async function pageOfConversations(commands: Commands, page: PageRequest): Promise<PageOf<ConversationSummary>> {
  const rows: ConversationSummary[] = [];
  let cursor = parseCursor(page.cursor);
  for (;;) {
    const batch = await nextBatch(commands, cursor, page.limit - rows.length + 1);
    for (const member of batch) {
      const summary = await summaryOf(commands, member.id);
      // A pointer without its fact: a conversation whose accept never happened.
      if (!summary) continue;
      if (rows.length === page.limit) return { data: rows, nextCursor: cursor ? `${cursor.score}.${cursor.id}` : null };
      rows.push(summary);
      cursor = member;
    }
    const last = batch.at(-1);
    if (!last) return { data: rows, nextCursor: null };
    cursor = last;
  }
}

interface Member {
  readonly score: number;
  readonly id: string;
}

function parseCursor(cursor: string | undefined): Member | undefined {
  if (cursor === undefined) return undefined;
  const dot = cursor.indexOf(".");
  return { score: Number(cursor.slice(0, dot)), id: cursor.slice(dot + 1) };
}

/** The next members after `cursor`; those of the cursor's own millisecond are read again and skipped up to it. */
async function nextBatch(commands: Commands, cursor: Member | undefined, count: number): Promise<Member[]> {
  const max = cursor === undefined ? "+inf" : cursor.score;
  let offset = 0;
  for (;;) {
    const flat = await commands.send((redis) =>
      redis.zrevrangebyscore(CONVERSATIONS_KEY, max, "-inf", "WITHSCORES", "LIMIT", offset, count),
    );
    const members: Member[] = [];
    for (let at = 0; at + 1 < flat.length; at += 2) members.push({ id: flat[at] ?? "", score: Number(flat[at + 1]) });
    const fresh = members.filter(
      (member) => !cursor || member.score < cursor.score || (member.score === cursor.score && member.id < cursor.id),
    );
    if (fresh.length > 0 || members.length < count) return fresh;
    offset += count;
  }
}

async function summaryOf(commands: Commands, id: string): Promise<ConversationSummary | undefined> {
  const [createdAt, metadata, title, updatedAt] = await commands.send((redis) =>
    redis.hmget(metaKey(id), "created_at", "metadata", "title", "updated_at"),
  );
  if (!createdAt) return undefined;
  return {
    id,
    created_at: createdAt,
    metadata: JSON.parse(metadata ?? "{}") as Metadata,
    ...(title ? { title } : {}),
    ...(updatedAt ? { updated_at: updatedAt } : {}),
  };
}
