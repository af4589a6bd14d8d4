/** What the caller decides by: whether another try may help, and when. */
export interface FailureTerms {
  /** For programs; see docs/errors.md. */
  readonly code: "model_error" | "model_unavailable" | "model_rate_limited" | "model_timeout" | "model_stream_broken";
  readonly isRetryable: boolean;
  readonly status?: number;
  /** The server's own wish, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The provider's words, for debug logs only: they may quote the request. */
  readonly detail?: string;
}

/** A model call that gave no whole answer. The message is safe to show to users: it quotes neither provider nor request. */
export class ModelCallFailed extends Error {
  override readonly name = "ModelCallFailed";
  readonly terms: FailureTerms;

  constructor(message: string, terms: FailureTerms, options?: ErrorOptions) {
    super(message, options);
    this.terms = terms;
  }
}
