import type { Commands } from "../connection/commands.ts";
import { approvalPointerKey, WAITING_APPROVALS_KEY } from "../keys.ts";

/**
 * The index of approvals that wait, over all conversations. It is written before the question is asked and read with
 * suspicion: a member without its fact is passed over, and leaves at the latest when it expires. One whose fact has changed is
 * taken out by whoever changed it, or by whoever lists it next.
 */
export interface WaitingApproval {
  readonly id: string;
  readonly conversationId: string;
  /** Unix ms. */
  readonly expiresMs: number;
}

const OVERDUE_AT_ONCE = 100;

/** `pointerMs`: how long a pointer is kept from its approval's expiry on, where it is not renewed (retention/upkeep.ts). */
export async function enterIndex(
  commands: Commands,
  waiting: readonly WaitingApproval[],
  pointerMs: number,
): Promise<void> {
  await Promise.all(
    waiting.flatMap(({ id, conversationId, expiresMs }) => {
      const keptMs = Math.max(0, expiresMs - Date.now()) + pointerMs;
      return [
        commands.send((redis) => redis.set(approvalPointerKey(id), conversationId, "PX", keptMs)),
        commands.send((redis) => redis.zadd(WAITING_APPROVALS_KEY, expiresMs, `${id} ${conversationId}`)),
      ];
    }),
  );
}

/** `ids` are separated by spaces. */
export async function leaveIndex(commands: Commands, conversationId: string, ids: string): Promise<void> {
  const members = ids.split(" ").filter(Boolean);
  if (members.length === 0) return;
  await commands.send((redis) =>
    redis.zrem(
      WAITING_APPROVALS_KEY,
      members.map((id) => `${id} ${conversationId}`),
    ),
  );
}

/** `<expiry, unix ms>.<approval id>` of the last row. */
export function parseWaitingCursor(cursor: string | undefined): WaitingApproval | undefined {
  if (cursor === undefined) return undefined;
  const dot = cursor.indexOf(".");
  return { expiresMs: Number(cursor.slice(0, dot)), id: cursor.slice(dot + 1), conversationId: "" };
}

/** At most `count` after the cursor; empty at the end only. */
export async function nextWaiting(
  commands: Commands,
  after: WaitingApproval | undefined,
  count: number,
): Promise<WaitingApproval[]> {
  const from = after?.expiresMs ?? "-inf";
  for (let offset = 0; ; offset += count) {
    const flat = await commands.send((redis) =>
      redis.zrangebyscore(WAITING_APPROVALS_KEY, from, "+inf", "WITHSCORES", "LIMIT", offset, count),
    );
    const batch = parse(flat);
    // Those of the cursor's own millisecond are read again; they stand in order of their ids.
    const fresh = batch.filter(({ expiresMs, id }) => !after || expiresMs > after.expiresMs || id > after.id);
    if (fresh.length > 0 || batch.length < count) return fresh;
  }
}

export async function overdueApprovals(commands: Commands, nowMs: number): Promise<WaitingApproval[]> {
  return parse(
    await commands.send((redis) =>
      redis.zrangebyscore(WAITING_APPROVALS_KEY, "-inf", nowMs, "WITHSCORES", "LIMIT", 0, OVERDUE_AT_ONCE),
    ),
  );
}

function parse(flat: readonly string[]): WaitingApproval[] {
  return Array.from({ length: flat.length / 2 }, (_, at) => {
    const [id = "", conversationId = ""] = (flat[2 * at] ?? "").split(" ");
    return { id, conversationId, expiresMs: Number(flat[2 * at + 1]) };
  });
}
