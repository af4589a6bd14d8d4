import { createHash } from "node:crypto";
import { EachByItself } from "../each-by-itself.ts";
import {
  type ApprovalEvent,
  type ApprovalStatus,
  canonicalJson,
  type FormContent,
  streamTopic,
} from "@holdfast/protocol";
import { type Commands, text } from "../connection/commands.ts";
import type { Note, Outbox } from "../conversations/outbox.ts";
import { settleNote } from "../conversations/settle-note.ts";
import { uuidV5 } from "../ids.ts";
import { approvalPointerKey, approvalsKey, metaKey, runKey } from "../keys.ts";
import type { ApprovalRecord, Approvals, Decided, HumanDecision, QuestionState } from "../ports/approvals.ts";
import type { PageOf, PageRequest } from "../ports/conversations.ts";
import { leaveIndex, nextWaiting, overdueApprovals, parseWaitingCursor } from "./waiting-index.ts";

type Decision = Exclude<ApprovalStatus, "requested">;

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

  async decide(approvalId: string, { decision, by, comment, content }: HumanDecision): Promise<Decided> {
    const record = await this.find(approvalId);
    if (!record) return { outcome: "missing" };
    const more = { decided_by: by, ...(comment === undefined ? {} : { comment }) };
    return this.#decide(record, STATUS_OF[decision], more, content);
  }

  async answerOf(conversationId: string, approvalId: string): Promise<QuestionState> {
    const fields = [`${approvalId}:status`, `${approvalId}:content`] as const;
    const [status, content] = await this.#commands.send((redis) =>
      redis.hmget(approvalsKey(conversationId), ...fields),
    );
    if (!status) return { status: "missing" };
    if (status !== "approved") return { status: status as "requested" | "rejected" | "expired" };
    // Who asks twice for what it has had once is told that it is over.
    return content ? { status, content: JSON.parse(content) as FormContent } : { status: "expired" };
  }

  async endOverdue(conversationId: string, approvalId: string): Promise<QuestionState> {
    const record = await this.#read(conversationId, approvalId);
    if (record?.event.status === "requested") await this.#decide(record, "expired", {});
    return this.answerOf(conversationId, approvalId);
  }

  async forgetContent(conversationId: string, approvalId: string): Promise<void> {
    await this.#commands.send((redis) => redis.hdel(approvalsKey(conversationId), `${approvalId}:content`));
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
    status: Decision,
    more: Pick<ApprovalEvent, "decided_by" | "comment">,
    content?: FormContent,
  ): Promise<Decided> {
    const { conversation_id: conversationId, approval_id: id } = event;
    const filledIn = content ? [JSON.stringify(content), digestOf(id, content)] : ["", ""];
    const decision = { ...event, status, ...more, created_at: new Date().toISOString() };
    const [outcome = "", digest = ""] = await this.#decideOnce(decision, filledIn);
    if (outcome === "overdue") return this.#tooLate(event);
    const standing = (await this.#read(conversationId, id))?.event;
    if (outcome === "missing" || !standing) return { outcome: "missing" };
    if (outcome === "decided") {
      await leaveIndex(this.#commands, conversationId, id);
      return { outcome, approval: standing };
    }
    if (outcome === status && digest === filledIn[1]) return { outcome: "repeated", approval: standing };
    return { outcome: outcome === "expired" ? "expired" : "conflict", approval: standing };
  }

  /** What decide-4.lua answers. */
  async #decideOnce(decision: ApprovalEvent, filledIn: readonly string[]): Promise<string[]> {
    const { conversation_id: conversationId, run_id: runId, approval_id: id, status } = decision;
    const note: Note = { kind: "wake", conversationId, runId };
    const keys = [
      streamTopic(conversationId),
      metaKey(conversationId),
      runKey(conversationId, runId),
      approvalsKey(conversationId),
    ];
    const expiresMs = Date.parse(decision.expires_at ?? "");
    const args = [id, status, JSON.stringify(decision), Date.now(), expiresMs, ...filledIn];
    const put = await this.#outbox.put(note);
    const decide = () => this.#commands.script("decide-4", keys, args);
    const reply = (await this.#commands.durably([streamTopic(conversationId)], decide)).map(text);
    // Also where it was decided before: the one who did may have died before it woke the run.
    await settleNote(this.#commands, note);
    await this.#outbox.remove(put);
    return reply;
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

/** By which the same answer is known again when it is sent twice; of no use for another question. */
function digestOf(approvalId: string, content: FormContent): string {
  return createHash("sha256")
    .update(`${approvalId} ${canonicalJson(content)}`)
    .digest("hex");
}
