import type {
  ActiveRun,
  ApprovalEvent,
  Conversation,
  ConversationSummary,
  HistoryMessage,
  MessageEnvelope,
  Metadata,
  OnBusy,
  Run,
  RunStatus,
} from "@holdfast/protocol";
import type { TraceContext } from "./entry.ts";

export type Lookup<Found> =
  | { readonly outcome: "found"; readonly value: Found }
  | { readonly outcome: "missing" }
  | { readonly outcome: "deleted" };

export interface NewMessage {
  readonly envelope: MessageEnvelope;
  readonly agent: string;
  readonly onBusy: OnBusy;
  readonly trace: TraceContext;
  /** True where the entry already stands in `chat:<agent>` (a bare XADD that a worker accepts). */
  readonly alreadyQueued?: boolean;
  /** That entry, where this is a delivery of it: dead letters name it and count them. */
  readonly deliveredBy?: string;
  /** Set where the message stands for one that could not be read: its run is to end `failed` with this. */
  readonly refusal?: Refusal;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

export type Accepted =
  | { readonly outcome: "accepted" | "duplicate"; readonly runId: string; readonly status: RunStatus }
  /** The id was used for a message with another body. */
  | { readonly outcome: "conflict" }
  /** `on_busy: reject` met an active run. */
  | { readonly outcome: "busy"; readonly runId: string }
  | { readonly outcome: "deleted" };

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}
export interface PageOf<Row> {
  readonly data: readonly Row[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

/** Everything a page needs at one instant: following the log from `cursor` continues it exactly. */
export interface ConversationSnapshot {
  readonly conversation: Conversation & { readonly metadata: Metadata };
  readonly cursor: string;
  /** Finished turns, then the running turn's closed parts, then messages that wait. */
  readonly messages: readonly HistoryMessage[];
  /** `text` is left empty here: the reader folds `liveFrom`..`cursor` of the log with the reducer to learn it. */
  readonly activeRun: ActiveRun | null;
  /** Cursor strictly after which the active run's events stand. */
  readonly activeRunFrom: string | null;
  readonly approvals: readonly ApprovalEvent[];
}

/**
 * Conversations as people see them: created, listed, read, deleted; and the durable accept of a message.
 * Every method throws BusUnavailable when Redis does not answer.
 */
export interface Conversations {
  /** `exists` answers the first creation's body, whatever is sent now. */
  create(
    given: Conversation & { metadata: Metadata },
  ): Promise<{ outcome: "created" | "exists"; conversation: Conversation } | { outcome: "deleted" }>;
  find(id: string): Promise<Lookup<Conversation & { metadata: Metadata }>>;
  /** Newest first. */
  list(page: PageRequest): Promise<PageOf<ConversationSummary>>;
  snapshot(id: string): Promise<Lookup<ConversationSnapshot>>;
  /** Oldest first. */
  history(id: string, page: PageRequest): Promise<Lookup<PageOf<HistoryMessage>>>;
  /** Cancels its runs, ends its streams, removes its keys and leaves a tombstone for 24 h. */
  delete(id: string): Promise<"deleted" | "missing">;
  /**
   * Resolves once the message, its `user_message` and `run queued` events and its queue entry are safe. An unknown
   * conversation is created. The run's id follows from the message's, so asking again gives the same answer.
   */
  accept(message: NewMessage): Promise<Accepted>;
  findRun(runId: string): Promise<Run | undefined>;
  /** Durable. `ended` when the run was over already. Undefined for an unknown run. */
  cancelRun(
    runId: string,
    by: string,
  ): Promise<{ outcome: "requested" | "cancelled" | "ended"; status: RunStatus; agent: string } | undefined>;
}
