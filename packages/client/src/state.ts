import type { ApprovalStatus, FormSchema, RunError, RunStatus, ToolStepStatus, Usage } from "@holdfast/protocol";

/**
 * What a reader of `stream:<conversation_id>` shows: plain data, made only by `reduce` and `fromSnapshot`. An event
 * replaces the objects on its own path and leaves all others as they are, so a view can compare by identity.
 * Offsets and lengths are UTF-16 code units; times are RFC 3339.
 */
export interface ConversationState {
  readonly conversationId: string | null;
  /** Entry id of the last applied event: where following continues. */
  readonly cursor: string | null;
  /** User messages in the order of their acceptance, each followed by its runs. */
  readonly items: readonly ConversationItem[];
}

export type ConversationItem = UserMessageItem | RunItem | NoticeItem | ControlItem;

export interface UserMessageItem {
  readonly kind: "user_message";
  readonly messageId: string;
  readonly sender: string;
  readonly content: string;
  readonly createdAt: string;
}

export interface RunItem {
  readonly kind: "run";
  readonly runId: string;
  /** Null where the reader joined in the middle of the run. */
  readonly messageId: string | null;
  readonly agent: string | null;
  readonly status: RunStatus;
  /** The newest attempt seen; events of an older one are ignored. */
  readonly attempt: number;
  /** In order of `index`. */
  readonly steps: readonly StepState[];
  readonly approvals: readonly ApprovalState[];
  readonly notices: readonly NoticeItem[];
  /** Every time shown text was withdrawn, oldest first. */
  readonly restarts: readonly Restart[];
  readonly reason: string | null;
  readonly error: RunError | null;
  readonly usage: Usage | null;
  /** Set by `output`: why the last step ended. */
  readonly finishReason: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface StepState {
  readonly index: number;
  readonly text: string;
  readonly reasoning: string;
  /** True once `step` or `output` fixed the text. */
  readonly isClosed: boolean;
  readonly finishReason: string | null;
  readonly tools: readonly ToolCallState[];
}

export type ToolCallStatus = Exclude<ToolStepStatus, "output">;

export interface ToolCallState {
  readonly toolCallId: string;
  readonly name: string;
  readonly args: unknown;
  readonly status: ToolCallStatus;
  /** Live output so far. */
  readonly output: string;
  readonly resultSummary: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly durationMs: number | null;
  readonly startedAt: string | null;
}

export interface ApprovalState {
  readonly approvalId: string;
  readonly runId: string;
  readonly toolCallId: string;
  readonly name: string;
  readonly args: unknown;
  readonly argsSha256: string;
  readonly status: ApprovalStatus;
  readonly decidedBy: string | null;
  readonly expiresAt: string | null;
  /** Set where the call runs and its server wants a form filled in; null where it is asked whether the call may be made. */
  readonly question: QuestionState | null;
}

export interface QuestionState {
  /** The server that asks. */
  readonly toolset: string;
  readonly message: string;
  readonly form: FormSchema;
}

export interface Restart {
  readonly attempt: number;
  readonly step: number;
  readonly cause: string;
}

/** A notice that ends nothing, for example that a model call is tried again. */
export interface NoticeItem {
  readonly kind: "notice";
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly createdAt: string;
}

/** A control command (pause, resume, drain, …) took effect on an agent of this conversation. */
export interface ControlItem {
  readonly kind: "control";
  readonly id: string;
  readonly agent: string | null;
  readonly command: string;
  readonly by: string;
  readonly state: string;
  readonly createdAt: string;
}

export const emptyConversation: ConversationState = { conversationId: null, cursor: null, items: [] };
