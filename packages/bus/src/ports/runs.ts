import type {
  ApprovalEvent,
  FinishReason,
  HistoryMessage,
  MessageEnvelope,
  StreamEvent,
  TerminalStatus,
  Usage,
} from "@holdfast/protocol";
import type { Refusal } from "./conversations.ts";
import type { Entry, QueueSource, TraceContext } from "./entry.ts";
import type { CallId } from "./tool-calls.ts";

type Filled = "conversation_id" | "run_id" | "agent" | "attempt" | "created_at";
type DraftOf<Event> = Event extends unknown
  ? { [Key in keyof Event as string extends Key ? never : Key extends Filled ? never : Key]: Event[Key] }
  : never;
/** An event as a run's owner writes it; the lease fills in conversation, run, agent, attempt and time. */
export type EventDraft = DraftOf<StreamEvent>;

/** A tool call as the model gave it: never redacted, never served. */
export interface JournalCall {
  readonly id: string;
  readonly name: string;
  /** JSON text as the model wrote it. */
  readonly arguments: string;
}

/** The assistant message of a finished step, as the model gave it. */
export interface JournalStep {
  readonly step: number;
  readonly text: string;
  readonly calls: readonly JournalCall[];
  readonly usage: Usage;
  readonly created_at: string;
  /** What the provider wants to see again on the next call (for example reasoning items), opaque to us. */
  readonly provider?: unknown;
}

/** What the model is told of a tool call, and what people see of it. */
export interface JournalResult {
  readonly tool_call_id: string;
  readonly status: string;
  /** For the model. */
  readonly text: string;
  /** For people: redacted. */
  readonly shown: string;
  readonly created_at: string;
}

/** A message that was steered into a run: the model hears it before the step, after all that came before. */
export interface SteeredMessage {
  /** The run that the message was accepted with, ended `completed` with reason `steered`. */
  readonly run_id: string;
  readonly envelope: MessageEnvelope;
}

export interface Journal {
  readonly steps: readonly JournalStep[];
  readonly results: ReadonlyMap<string, JournalResult>;
  /** Calls whose `tool_step started` was appended, by tool_call_id: the ISO time of the start. */
  readonly started: ReadonlyMap<string, string>;
  /** By the step before which they were steered in, in order. */
  readonly steered: ReadonlyMap<number, readonly SteeredMessage[]>;
}

/** A finished message of the conversation: `shown` is what HTTP serves, `model` what the model is told, if anything. */
export interface HistoryRecord {
  readonly shown: HistoryMessage;
  readonly model?:
    | { readonly role: "user"; readonly content: string }
    | {
        readonly role: "assistant";
        readonly content: string;
        readonly calls: readonly JournalCall[];
        readonly provider?: unknown;
      }
    | { readonly role: "tool"; readonly tool_call_id: string; readonly content: string };
}

export interface ClaimedRun {
  readonly id: string;
  readonly conversationId: string;
  readonly agent: string;
  /** Counted from 1; has risen with this claim. */
  readonly attempt: number;
  readonly messageId: string;
  readonly envelope: MessageEnvelope;
  readonly journal: Journal;
  /** True when an earlier attempt may have shown tokens of the unfinished step. */
  readonly isTakeover: boolean;
  /** Failures reported by workers so far. */
  readonly failures: number;
  /**
   * Owners that vanished in a row, since one made the run go further than any before; and of those that worked on nothing
   * else, since one made it show anything.
   */
  readonly deaths: { readonly inARow: number; readonly alone: number };
  /** Unix ms of the first claim. */
  readonly startedAtMs: number;
  /** What earlier attempts recorded of the time they worked, in ms. */
  readonly workedMs: number;
  /** Cursor strictly after which the run's events stand in the log. */
  readonly logFrom: string | undefined;
  /** True when this claim goes on with a run whose questions humans have decided: what it shows says so already. */
  readonly isContinued: boolean;
  /** True when the run has ever asked humans. */
  readonly hasAsked: boolean;
  /** True when an earlier attempt left questions of its calls. */
  readonly hasQuestions: boolean;
  /** Given by who accepted the message in place of one that could not be read. */
  readonly refusal?: Refusal;
  /** The queue entry the message came with, once a worker has read it. */
  readonly source?: QueueSource;
  readonly trace: TraceContext;
}

/** Exclusive ownership of one run. Nothing is written once the fence has moved on. */
export interface RunLease {
  readonly run: ClaimedRun;
  /** Aborts with reason "cancelled" when the run's cancel flag was seen, with a Fenced error when the lease was lost. */
  readonly signal: AbortSignal;
  readonly attempt: number;
  /** Buffers and returns at once; one write per event-loop tick, in order, never two in flight. `journal` fields become durable in the same write. */
  append(event: EventDraft, journal?: JournalWrite): void;
  /**
   * For what grows until it leaves: `settle` is called once, when a write leaves or something else is to follow in the log,
   * and appends what there is by then. One at a time.
   */
  appendLater(settle: () => void): void;
  /** As `append`, without an event. */
  record(journal: JournalWrite): void;
  /** Resolves when all that was appended is durable. Throws Fenced, and for good what a write threw that failed. Waits while Redis is away. */
  flush(): Promise<void>;
  /** True once this attempt has written more than that it began. */
  readonly hasShown: boolean;
  /** Bytes waiting to be written: stop reading the model above a limit. */
  readonly bufferedBytes: number;
  /**
   * To be called before a step's first model call: moves what waits to be steered into this run into its journal and ends
   * the messages' own runs. Answers all that is to be heard before the step, also what an earlier attempt took in.
   */
  beginStep(step: number): Promise<readonly SteeredMessage[]>;
  /** The owner restarts the unfinished step: raises `attempt` and appends `attempt {mode: supersede}`. */
  supersede(step: number, cause: string): void;
  /** Looks at the cancel flag and the lease now: called when the bell rings. */
  checkCancel(): Promise<void>;
  /** Earlier turns of the conversation, oldest first. */
  history(): Promise<readonly HistoryRecord[]>;
  /**
   * The terminal append: `output` (if given) and the terminal `run` event, the change of status, the history and the
   * release of the lease, in one script call. Answers whether further turns waited in the conversation at that moment: those
   * that come later are queued by themselves.
   */
  finish(ending: RunEnding): Promise<"more" | "last">;
  /** The dead letter of a run that was finished with `givenUp` is written. Where nobody says so in time it is written again. */
  buried(): Promise<void>;
  /**
   * Asks humans and lets go of the run until they have decided, in one script call. `cancelled`: the run has been cancelled,
   * nothing was asked, and the lease is still held.
   */
  park(request: ParkRequest): Promise<"parked" | "cancelled">;
  readonly questions: CallQuestions;
  /** A failure worth another try: counts it and gives the lease up. The entry stays pending: claim again. */
  fail(): Promise<number>;
  /** Gives the run up unfinished, to be claimed by another at once (shutdown). */
  release(): Promise<void>;
}

export interface JournalWrite {
  readonly step?: JournalStep;
  readonly result?: JournalResult;
  /** tool_call_id of a call that is about to go out. */
  readonly started?: string;
  /** Time the run was worked on so far, in ms: what its budget of seconds counts. */
  readonly workedMs?: number;
}

/** One call that a human must approve. */
export interface Question {
  /** `tool_step pending_approval` */
  readonly pending: EventDraft;
  readonly asked: Pick<ApprovalEvent, "approval_id" | "tool_call_id" | "name" | "args" | "args_sha256" | "expires_at">;
  /** The call's id in `tools:<toolset>`. */
  readonly callId: CallId;
}

/** What calls ask humans while they run. Throws Fenced. */
export interface CallQuestions {
  /**
   * The run goes on. Asked again, also by a later owner, it is the same question. `cancelled`: the run has been cancelled, and
   * nothing was asked.
   */
  ask(question: CallQuestion): Promise<"asked" | "cancelled">;
  /**
   * The call has ended, or without `callId` every call of the run: what nobody answered expires, and what somebody filled in is
   * forgotten. `finish` does it for all calls of the run.
   */
  close(callId?: CallId): Promise<void>;
  /** The call goes on, and these questions of it are over: what nobody has decided of them expires. */
  withdraw(callId: CallId, ids: readonly string[]): Promise<void>;
}

/** What the MCP server of a call that runs wants to know. */
export interface CallQuestion {
  readonly asked: Question["asked"] &
    Required<Pick<ApprovalEvent, "expires_at" | "message" | "requested_schema" | "toolset">>;
  readonly callId: CallId;
}

export interface ParkRequest {
  readonly questions: readonly Question[];
  /** How the run ends where it is cancelled before it goes on: nobody who knows its work is there to say so then. */
  readonly ifCancelled: { readonly events: readonly EventDraft[]; readonly ending: RunEnding };
}

export interface RunEnding {
  readonly status: TerminalStatus;
  readonly reason?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
  readonly usage: Usage;
  /** Every run that showed text has exactly one. */
  readonly output?: {
    readonly text: string;
    readonly finish_reason: FinishReason;
    /** The step whose text this is. */
    readonly step?: number;
  };
  /** Set where the run's message belongs to the dead letters: whoever holds its entry writes the letter, then says `buried`. */
  readonly givenUp?: { readonly code: string; readonly message: string };
  /** What this turn adds to the conversation, the user's message first. */
  readonly history: readonly HistoryRecord[];
}

export type Claim =
  | { readonly outcome: "claimed"; readonly lease: RunLease }
  /** Nothing is waiting in this conversation: acknowledge the entry. */
  | { readonly outcome: "idle" }
  /**
   * A live owner works through the inbox, and its own pending entry answers for it: acknowledge the entry, unless it is the
   * owner's own.
   */
  | { readonly outcome: "held"; readonly owner: string }
  /** A run waits that may not be taken now. */
  | { readonly outcome: "waiting"; readonly hasBegun: boolean }
  /** The run that is to be taken has cost its owners too often. */
  | { readonly outcome: "suspect"; readonly deaths: number }
  /** The active run waits for humans; what they decide queues it again: acknowledge the entry. */
  | { readonly outcome: "parked" }
  /** The next turn is another agent's; it was queued there again: acknowledge the entry. */
  | { readonly outcome: "handed_over"; readonly agent: string };

export interface ClaimOptions {
  /** Takes no run whose owners vanished more often than this in a row. */
  readonly mostDeaths?: number;
  /** Default `any`. */
  readonly take?: Takeable;
  /** What the claim is made for. */
  readonly entry?: Entry;
}

/** Which runs may be taken: `begun` begins none, `cancelled` takes only what has begun and is to be ended. */
export type Takeable = "any" | "begun" | "cancelled";

/** Runs as workers see them. */
export interface Runs {
  claim(conversationId: string, agent: string, options?: ClaimOptions): Promise<Claim>;
  /**
   * Queues the agent's runs again that have neither ended nor a living owner, and were not looked at for `olderThanMs`.
   * Answers how many. Not for a paused agent, and of a draining one only runs that have begun: nobody reads, or takes, the others.
   * To be run every few seconds by one or more processes.
   */
  requeueStranded(agent: string, olderThanMs: number, which?: "any" | "begun"): Promise<number>;
}
