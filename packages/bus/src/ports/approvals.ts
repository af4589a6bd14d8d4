import type { ApprovalEvent, FormContent } from "@holdfast/protocol";
import type { PageOf, PageRequest } from "./conversations.ts";
import type { CallId } from "./tool-calls.ts";

export interface ApprovalRecord {
  /** As it was last told in the conversation's log: `status` is what holds now. */
  readonly event: ApprovalEvent;
  /** The one call it is for. */
  readonly callId: CallId;
}

export interface HumanDecision {
  readonly decision: "approve" | "reject";
  /** `user:<name>` */
  readonly by: string;
  readonly comment?: string;
  /** For `approve` of a question: what was filled in, which fits the form. */
  readonly content?: FormContent;
}

/** Where a question stands, for who asked it. */
export type QuestionState =
  | { readonly status: "requested" | "rejected" | "expired" }
  | { readonly status: "approved"; readonly content: FormContent }
  /** Not asked yet, or deleted. */
  | { readonly status: "missing" };

export type Decided =
  /** `repeated`: it had been decided in the same way before, and `approval` says what it said then. */
  | { readonly outcome: "decided" | "repeated"; readonly approval: ApprovalEvent }
  /** It was decided the other way, or otherwise filled in. */
  | { readonly outcome: "conflict"; readonly approval: ApprovalEvent }
  /** Nobody decided in time, or its run was cancelled. */
  | { readonly outcome: "expired"; readonly approval: ApprovalEvent }
  | { readonly outcome: "missing" };

/**
 * Questions to humans: may this call be made with exactly these arguments? A run asks when it parks (ports/runs.ts) and goes
 * on when every question of its step is decided. Of the kind `question` are those that an MCP server asks while a call of it
 * runs: the run is not parked for them, and the call goes on when they are decided. Every method throws BusUnavailable when Redis does not answer.
 */
export interface Approvals {
  /** Follows from the call, so a run that asks again asks the same question. */
  idOf(runId: string, step: number, index: number): string;
  /** Undefined where there is none, or none any more. */
  find(approvalId: string): Promise<ApprovalRecord | undefined>;
  /** Those of these ids that exist. */
  ofConversation(conversationId: string, ids: readonly string[]): Promise<ReadonlyMap<string, ApprovalRecord>>;
  /** Those that wait, the first to expire first. */
  waiting(page: PageRequest): Promise<PageOf<ApprovalEvent>>;
  /** Durable when it resolves; of several at once the first counts. */
  decide(approvalId: string, decision: HumanDecision): Promise<Decided>;
  /** Of a question. What was filled in is there until the call that asked has ended, or it was forgotten. */
  answerOf(conversationId: string, approvalId: string): Promise<QuestionState>;
  /**
   * Of a question whose time is up by the clock of who asks: it expires, unless a human was quicker. Answers where it stands
   * then, which is where it stays.
   */
  endOverdue(conversationId: string, approvalId: string): Promise<QuestionState>;
  /** What was filled in has reached who asked. */
  forgetContent(conversationId: string, approvalId: string): Promise<void>;
  /** Ends what nobody decided in time. Answers how many. To be run every few seconds by one or more processes. */
  expireOverdue(): Promise<number>;
}
