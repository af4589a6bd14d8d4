import { BusUnavailable } from "@holdfast/bus";
import { problem } from "@holdfast/protocol";
import type { Logger } from "@holdfast/telemetry";
import { problemReply, type Reply, refuse } from "./route.ts";

const RETRY_AFTER_SECONDS = "1";

/** What Express and its body parser throw. */
interface HttpError {
  readonly status?: number;
  readonly type?: string;
}

/** A thrown error as an answer. What is not the client's or Redis' doing is logged and says nothing of its cause. */
export function replyToThrown(error: unknown, logger: Logger): Reply {
  if (error instanceof BusUnavailable)
    return unavailable("Redis does not answer. Nothing is lost; send the same request again.");
  const { status, type } = (typeof error === "object" && error !== null ? error : {}) as HttpError;
  if (type === "entity.too.large") return refuse("payload_too_large", "The body is larger than this gateway accepts.");
  if (type === "entity.parse.failed") return refuse("malformed_json", "The body is not valid JSON.");
  if (status === 415) return refuse("unsupported_media_type", "The body must be plain JSON in UTF-8, not compressed.");
  if (error instanceof URIError) return refuse("malformed_id", "The address has a malformed percent-encoding.");
  if (status !== undefined && status >= 400 && status < 500)
    return refuse("invalid_request", "The request could not be read.");
  logger.error("request failed", { error });
  return refuse("internal", "The gateway failed to answer; its log says why.");
}

export function unavailable(detail: string): Reply {
  return problemReply(problem("unavailable", detail), { "retry-after": RETRY_AFTER_SECONDS });
}
