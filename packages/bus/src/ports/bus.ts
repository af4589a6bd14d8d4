import type { Approvals } from "./approvals.ts";
import type { Control, Presence } from "./control.ts";
import type { Conversations } from "./conversations.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { EventLog } from "./event-log.ts";
import type { Files } from "./files.ts";
import type { Runs } from "./runs.ts";
import type { Catalog, ToolCalls, ToolJournal } from "./tool-calls.ts";
import type { Queues } from "./work-queue.ts";

/** Everything that joins the services. Domain code takes the one port it needs, not the bus. */
export interface Bus {
  /** Unique name of this process, for leases and consumer groups. */
  readonly instance: string;
  readonly conversations: Conversations;
  readonly eventLog: EventLog;
  readonly runs: Runs;
  readonly approvals: Approvals;
  readonly queues: Queues;
  readonly deadLetters: DeadLetters;
  readonly toolCalls: ToolCalls;
  readonly toolJournal: ToolJournal;
  readonly catalog: Catalog;
  readonly files: Files;
  readonly control: Control;
  readonly presence: Presence;
  /** Resolves when Redis answers and is fit (writable, noeviction); rejects with BusUnavailable saying what is wrong. */
  check(): Promise<void>;
  /** Re-queues accepted turns whose queue entry was never written. Answers how many. Run every few seconds by one or more processes. */
  sweepOutbox(): Promise<number>;
  /**
   * Compacts finished answers and removes what expired (protocol §3.5), where it is due. Answers how many conversations
   * were looked at. Run every few seconds by one or more processes.
   */
  sweepUpkeep(): Promise<number>;
  close(): Promise<void>;
}

export interface Retention {
  /** A conversation is kept this long after its last activity, ms. */
  readonly conversationTtlMs: number;
  /** Tokens of a finished step are kept this long, ms. */
  readonly compactGraceMs: number;
}

export interface BusOptions {
  /** redis:// or rediss:// */
  readonly url: string;
  readonly instance?: string;
  /** After this long without an answer a request fails with BusUnavailable; undefined waits until Redis is back. */
  readonly requestTimeoutMs?: number;
  readonly retention?: Partial<Retention>;
  /** Told of trouble with connections; never of message content. */
  readonly onTrouble?: (message: string, error: unknown) => void;
}
