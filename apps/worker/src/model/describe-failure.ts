import OpenAI from "openai";
import { ModelCallFailed } from "./model-call-failed.ts";

/**
 * What a failed call means (retried: 408, 409, 429, 5xx, connection errors, broken streams; never: other 4xx).
 * - A quota that is used up answers 429 as well, and waiting does not fill it.
 * - `x-should-retry` of the server wins over the status.
 * - An error inside a stream carries a code instead of a status; where that says nothing, the stream just broke.
 */
export function describeFailure(error: unknown): ModelCallFailed {
  if (error instanceof ModelCallFailed) return error;
  if (!(error instanceof OpenAI.APIError) || error instanceof OpenAI.APIConnectionError) return brokenOff(error);
  const status = error.status ?? statusInStream(error);
  if (status === undefined) return brokenOff(error);
  const terms = { status, ...retryAfter(error.headers), detail: detailOf(error) };
  if (!isWorthRetrying(error, status)) {
    return new ModelCallFailed(
      refusal(status),
      { ...terms, code: "model_error", isRetryable: false },
      { cause: error },
    );
  }
  if (status === 429) {
    const message = "The model provider is limiting requests (429).";
    return new ModelCallFailed(message, { ...terms, code: "model_rate_limited", isRetryable: true }, { cause: error });
  }
  const message = `The model provider has a problem (${status}).`;
  return new ModelCallFailed(message, { ...terms, code: "model_unavailable", isRetryable: true }, { cause: error });
}

/** The stream ended, or the connection did, before the answer was whole. */
function brokenOff(error: unknown): ModelCallFailed {
  const hasBegun = !(error instanceof OpenAI.APIConnectionError);
  const message = hasBegun ? "The model's answer broke off." : "The model provider cannot be reached.";
  const code = hasBegun ? "model_stream_broken" : "model_unavailable";
  return new ModelCallFailed(message, { code, isRetryable: true, detail: detailOf(error) }, { cause: error });
}

function isWorthRetrying(error: InstanceType<typeof OpenAI.APIError>, status: number): boolean {
  const wish = error.headers?.get("x-should-retry");
  if (wish === "true" || wish === "false") return wish === "true";
  if (error.code === "insufficient_quota") return false;
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

function refusal(status: number): string {
  if (status === 401 || status === 403) return `The model provider does not accept our credentials (${status}).`;
  if (status === 404) return "The model provider does not know this model (404).";
  if (status === 429) return "The quota at the model provider is used up (429).";
  return `The model provider refused the request (${status}).`;
}

/** Servers that fail inside a stream name the status in `code` (`502`, `"rate_limit_exceeded"`). */
function statusInStream(error: { readonly code: unknown; readonly type: unknown }): number | undefined {
  const code = Number(error.code);
  if (Number.isInteger(code) && code >= 400 && code < 600) return code;
  const words = `${String(error.code)} ${String(error.type)}`;
  if (words.includes("rate_limit")) return 429;
  if (/invalid_request|context_length|content_policy|invalid_prompt/.test(words)) return 400;
  return words.includes("server_error") ? 500 : undefined;
}

const MAX_RETRY_AFTER_MS = 60_000;

function retryAfter(headers: unknown): { retryAfterMs?: number } {
  if (!(headers instanceof Headers)) return {};
  const inMs = Number(headers.get("retry-after-ms") ?? Number.NaN);
  const text = headers.get("retry-after") ?? "";
  const inSeconds = Number(text === "" ? Number.NaN : text) * 1000;
  const until = Date.parse(text) - Date.now();
  const wish = [inMs, inSeconds, until].find((ms) => Number.isFinite(ms) && ms >= 0);
  return wish === undefined ? {} : { retryAfterMs: Math.min(wish, MAX_RETRY_AFTER_MS) };
}

const MAX_DETAIL = 300;

function detailOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, MAX_DETAIL);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message}${cause}`.slice(0, MAX_DETAIL);
}
