import type { LogLine } from "./entry.ts";

export interface LogHead {
  readonly epoch: number;
  /** Of the newest event; 0 for an empty log. */
  readonly seq: number;
}

export interface LogFollower {
  /** Lines of one append, in order, without a gap inside; a gap before them is the follower's to notice by `seq`. */
  onLines(lines: readonly LogLine[]): void;
  /** The subscription was lost and is back: read what was missed from the last id seen. */
  onResubscribed(): void;
  /** The conversation was deleted. */
  onDeleted(): void;
}

/** The event log `stream:<conversation_id>`, for reading. Throws BusUnavailable when Redis does not answer. */
export interface EventLog {
  /** Undefined when the conversation has no log. */
  head(conversationId: string): Promise<LogHead | undefined>;
  /** Lines strictly after `after` (from the beginning without), oldest first, at most `limit`. */
  read(conversationId: string, after: string | undefined, limit: number): Promise<LogLine[]>;
  /** The entry id of the event whose `id` field is `uuid`; undefined when none is known. */
  locate(conversationId: string, uuid: string): Promise<string | undefined>;
  /**
   * For whoever knows an event that the log has lost: begins another epoch, so that its id is never given to another event.
   * Changes nothing where the log does hold `known`, or has begun another epoch already.
   */
  renew(conversationId: string, known: LogHead): Promise<void>;
  /** Resolves when the subscription is acknowledged: what is appended from then on arrives. Call the answer to stop. */
  follow(conversationId: string, follower: LogFollower): Promise<() => void>;
}
