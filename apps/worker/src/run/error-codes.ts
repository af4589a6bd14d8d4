/**
 * What runs, tool calls and dead letters say went wrong; each with cause and remedy in docs/errors.md. Codes never change
 * their meaning.
 */
export const RUN_ERROR_CODES = [
  "model_error",
  "model_unavailable",
  "model_rate_limited",
  "model_timeout",
  "model_stream_broken",
  "internal",
  "workers_died",
  "invalid_envelope",
  "malformed_id",
  "malformed_json",
  "unsupported_type",
  "idempotency_conflict",
] as const;
export type RunErrorCode = (typeof RUN_ERROR_CODES)[number];

export const CALL_ERROR_CODES = [
  "unknown_tool",
  "invalid_arguments",
  "approval_rejected",
  "approval_expired",
  "approval_mismatch",
  "tool_unavailable",
  "outcome_unknown",
  "cancelled",
  "run_failed",
  "max_steps",
  "budget_tokens",
  "budget_seconds",
  "budget_tool_calls",
] as const;
/** Codes that come from a tool's own server are passed on as they are. */
export type CallErrorCode = (typeof CALL_ERROR_CODES)[number];

/** Why a run ended `incomplete`. */
export const INCOMPLETE_REASONS = [
  "max_output_tokens",
  "content_filter",
  "max_steps",
  "budget_tokens",
  "budget_seconds",
  "budget_tool_calls",
] as const;
export type IncompleteReason = (typeof INCOMPLETE_REASONS)[number];
