/** Why a message goes to the dead letters. */
export interface GivenUp {
  readonly code: string;
  readonly message: string;
}

/** What became of a claimed run, for the one who holds its queue entry. */
export type RunResult =
  /**
   * It has its terminal event. `isLast`: no further turn waited in its conversation then. `giveUp` is set where the message
   * belongs to the dead letters.
   */
  | { readonly outcome: "ended"; readonly isLast: boolean; readonly giveUp?: GivenUp }
  /** Humans must decide first; what they decide queues it again. */
  | { readonly outcome: "parked" }
  /** The lease went to somebody else, or the conversation is gone. */
  | { readonly outcome: "lost" }
  /** Given up unfinished because this worker stops: the entry must be handed over. */
  | { readonly outcome: "released" }
  /** It failed and may be tried again. `failures` counts the tries so far. */
  | { readonly outcome: "failed"; readonly failures: number };
