import type { EventLog, LogHead, LogLine } from "@holdfast/bus";
import { type EntryPosition, formatEntryId } from "@holdfast/protocol";
import type { Turnstile } from "./turnstile.ts";

export interface SourceOptions {
  readonly log: EventLog;
  /** True when the conversation was deleted or never was. */
  readonly isGone: (conversationId: string) => Promise<boolean>;
  /** So many reads at once: after a reconnect every conversation wants one. */
  readonly turnstile: Turnstile;
  readonly onTrouble: (message: string, error: unknown) => void;
}

/** Where streams read from. Every method throws BusUnavailable when Redis does not answer. */
export class ConversationSource {
  readonly log: EventLog;
  readonly isGone: (conversationId: string) => Promise<boolean>;
  readonly onTrouble: (message: string, error: unknown) => void;
  readonly #turnstile: Turnstile;

  constructor({ log, isGone, turnstile, onTrouble }: SourceOptions) {
    this.log = log;
    this.isGone = isGone;
    this.onTrouble = onTrouble;
    this.#turnstile = turnstile;
  }

  head(conversationId: string): Promise<LogHead | undefined> {
    return this.log.head(conversationId);
  }

  /** The log lost what this process has shown: it must not go on under the same epoch. */
  renew(conversationId: string, known: EntryPosition): Promise<void> {
    return this.log.renew(conversationId, known);
  }

  /** Lines strictly after `after` (from the beginning without), oldest first, at most `limit`. */
  read(conversationId: string, after: EntryPosition | undefined, limit: number): Promise<LogLine[]> {
    return this.#turnstile.run(() => this.log.read(conversationId, after && formatEntryId(after), limit));
  }
}
