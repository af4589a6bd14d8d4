import type { ApprovalEvent } from "@holdfast/protocol";
import type { Commands } from "../connection/commands.ts";
import { enterIndex } from "../approvals/waiting-index.ts";
import { approvalPointerKey, WAITING_APPROVALS_KEY } from "../keys.ts";
import { storeRecord } from "../conversations/history-record.ts";
import type { ClaimedRun, EventDraft, ParkRequest, Question } from "../ports/runs.ts";
import type { RunEvents } from "./run-events.ts";

/** What park-4.lua appends and keeps. */
export interface Parking {
  readonly payloads: readonly string[];
  /** Arguments after the events. */
  readonly rest: readonly (string | number)[];
}

type EndedApproval = Extract<EventDraft, { event: "approval" }>;
type Asked = Pick<Question, "asked">;

export function parkingOf(request: ParkRequest, events: RunEvents, run: ClaimedRun, attempt: number): Parking {
  const payloads: string[] = [];
  const kept: string[] = [];
  const expired: { readonly id: string; readonly expired: string }[] = [];
  for (const { pending, asked, callId } of request.questions) {
    const question: EndedApproval = { event: "approval", ...asked, status: "requested" };
    const payload = events.payload(question, attempt);
    payloads.push(events.payload(pending, attempt), payload);
    kept.push(asked.approval_id, payload, callId);
    expired.push({
      id: asked.approval_id,
      expired: undated(events.payload({ ...question, status: "expired" }, attempt)),
    });
  }
  payloads.push(
    events.payload({ event: "run", status: "requires_action", message_id: run.messageId, reason: "approval" }, attempt),
  );
  const { ending, events: before } = request.ifCancelled;
  const ifCancelled = {
    approvals: expired,
    events: [...before.map((event) => events.payload(event, attempt)), ...events.endingPayloads(ending, attempt)].map(
      undated,
    ),
    history: ending.history.map(storeRecord),
    usage: JSON.stringify(ending.usage),
  };
  return { payloads, rest: [JSON.stringify(ifCancelled), ...kept] };
}

/**
 * Pointers come before the fact: one without its fact reads as unknown. A fact whose pointers a failover lost would wait for
 * ever, for nobody could decide or expire it.
 */
export async function pointAt(
  commands: Commands,
  questions: readonly Asked[],
  { conversationId }: ClaimedRun,
  pointerMs: number,
): Promise<void> {
  const waiting = questions.map(({ asked }) => ({
    id: asked.approval_id,
    conversationId,
    expiresMs: Date.parse(asked.expires_at ?? ""),
  }));
  const keys = [WAITING_APPROVALS_KEY, ...waiting.map(({ id }) => approvalPointerKey(id))];
  await commands.durably(keys, () => enterIndex(commands, waiting, pointerMs));
}

/** By how much the clock of who expires approvals may be ahead of ours. */
const CLOCKS_APART_MS = 60_000;

/** Whether somebody may have thought it expired by now. */
export function isOverdue(questions: readonly Asked[]): boolean {
  return questions.some(({ asked }) => Date.parse(asked.expires_at ?? "") <= Date.now() + CLOCKS_APART_MS);
}

/** The script that uses it puts the time at the end. */
export function undated(payload: string): string {
  const { created_at: _, ...event } = JSON.parse(payload) as ApprovalEvent;
  return JSON.stringify(event);
}
