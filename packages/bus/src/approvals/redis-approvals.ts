import { EachByItself } from "../each-by-itself.ts";
import { type ApprovalEvent, type ApprovalStatus, streamTopic } from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import type { Note, Outbox } from "../conversations/outbox.ts";
import { settleNote } from "../conversations/settle-note.ts";
import { uuidV5 } from "../ids.ts";
import { approvalPointerKey, approvalsKey, metaKey, runKey } from "../keys.ts";
import type { ApprovalRecord, Approvals, Decided, HumanDecision } from "../ports/approvals.ts";
import type { PageOf, PageRequest } from "../ports/conversations.ts";
import { leaveIndex, nextWaiting, overdueApprovals, parseWaitingCursor } from "./waiting-index.ts";

const STATUS_OF = { approve: "approved", reject: "rejected" } as const;

/**
 * Approvals in Redis. The truth is in the conversation's slot, where the scripts that ask, decide and cancel exclude each
 * other; `approval:<id>` and the index of waiting ones are pointers into it. A run that may go on is queued again from the
 * outbox, because its queue is in another slot than the decision.
 */
export class RedisApprovals implements Approvals {
  readonly #commands: Commands;
  readonly #outbox: Outbox;

  constructor(commands: Commands, outbox: Outbox) {
    this.#commands = commands;
    this.#outbox = outbox;
  }

  idOf(runId: string, step: number, index: number): string {
    return uuidV5(runId, `approval/${step}/${index}`);
  }

  async find(approvalId: string): Promise<ApprovalRecord | undefined> {
    const conversationId = await this.#commands.send((redis) => redis.get(approvalPointerKey(approvalId)));
    return conversationId ? this.#read(conversationId, approvalId) : undefined;
  }

  async ofConversation(conversationId: string, ids: readonly string[]): Promise<ReadonlyMap<string, ApprovalRecord>> {
    const records = await Promise.all(ids.map((id) => this.#read(conversationId, id)));
    return new Map(records.flatMap((record) => (record ? [[record.event.approval_id, record] as const] : [])));
  }

  async waiting(page: PageRequest): Promise<PageOf<ApprovalEvent>> {
    const data: ApprovalEvent[] = [];
    let cursor = parseWaitingCursor(page.cursor);
    let last = cursor;
    for (;;) {
      const batch = await nextWaiting(this.#commands, cursor, page.limit + 1);
      const records = await Promise.all(batch.map((waiting) => this.#read(waiting.conversationId, waiting.id)));
      for (const [at, waiting] of batch.entries()) {
        const event = records[at]?.event;
        if (event && event.status !== "requested") await leaveIndex(this.#commands, waiting.conversationId, waiting.id);
        // A pointer without its fact may be about to get it.
        if (event?.status !== "requested") continue;
        if (data.length === page.limit) return { data, nextCursor: last ? `${last.expiresMs}.${last.id}` : null };
        data.push(event);
        last = waiting;
      }
      cursor = batch.at(-1);
      if (!cursor) return { data, nextCursor: null };
    }
  }

  async decide(approvalId: string, { decision, by, comment }: HumanDecision): Promise<Decided> {
    const record = await this.find(approvalId);
    if (!record) return { outcome: "missing" };
    const more = { decided_by: by, ...(comment === undefined ? {} : { comment }) };
    return this.#decide(record, STATUS_OF[decision], more);
  }

  async expireOverdue(): Promise<number> {
    const overdue = await overdueApprovals(this.#commands, Date.now());
    let expired = 0;
    const each = new EachByItself();
    for (const waiting of overdue) {
      await each.try(`approval ${waiting.id}`, async () => {
        const record = await this.#read(waiting.conversationId, waiting.id);
        const decided = record && (await this.#decide(record, "expired", {}));
        if (decided?.outcome === "decided") expired += 1;
        await leaveIndex(this.#commands, waiting.conversationId, waiting.id);
      });
    }
    each.throwIfAny();
    return expired;
  }

  async #decide(
    { event }: ApprovalRecord,
    status: Exclude<ApprovalStatus, "requested">,
    more: Pick<ApprovalEvent, "decided_by" | "comment">,
  ): Promise<Decided> {
    const { conversation_id: conversationId, run_id: runId, approval_id: id } = event;
    const note: Note = { kind: "wake", conversationId, runId };
    const decision: ApprovalEvent = { ...event, status, ...more, created_at: new Date().toISOString() };
    const keys = [
      streamTopic(conversationId),
      metaKey(conversationId),
      runKey(conversationId, runId),
      approvalsKey(conversationId),
    ];
    const args = [id, status, JSON.stringify(decision), Date.now(), Date.parse(event.expires_at ?? "")];
    const put = await this.#outbox.put(note);
    const decide = () => this.#commands.script("decide-4", keys, args);
    const outcome = text((await this.#commands.durably([streamTopic(conversationId)], decide))[0]);
    // Also where it was decided before: the one who did may have died before it woke the run.
    await settleNote(this.#commands, note);
    await this.#outbox.remove(put);
    if (outcome === "decided") {
      await leaveIndex(this.#commands, conversationId, id);
      return { outcome, approval: decision };
    }
    if (outcome === "overdue") return this.#tooLate(event);
    const standing = await this.#read(conversationId, id);
    if (outcome === "missing" || !standing) return { outcome: "missing" };
    if (outcome === status) return { outcome: "repeated", approval: standing.event };
    return { outcome: outcome === "expired" ? "expired" : "conflict", approval: standing.event };
  }

  /** Whoever comes too late ends it: the sweep may be seconds away. */
  async #tooLate(event: ApprovalEvent): Promise<Decided> {
    const ended = await this.#decide({ event, callId: "" }, "expired", {});
    return ended.outcome === "decided" || ended.outcome === "repeated"
      ? { outcome: "expired", approval: ended.approval }
      : ended;
  }

  async #read(conversationId: string, id: string): Promise<ApprovalRecord | undefined> {
    const [event, callId] = await this.#commands.send((redis) =>
      redis.hmget(approvalsKey(conversationId), id, `${id}:call`),
    );
    return event ? { event: JSON.parse(event) as ApprovalEvent, callId: callId ?? "" } : undefined;
  }
}
