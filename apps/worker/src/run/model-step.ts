import type { RunLease } from "@holdfast/bus";
import type { Logger } from "@holdfast/telemetry";
import { withSpan } from "@holdfast/telemetry";
import type { WorkerMetrics } from "../metrics.ts";
import type { ModelClient, ModelEnd, ModelRequest } from "../model/model-client.ts";
import { type FailureTerms, ModelCallFailed } from "../model/model-call-failed.ts";
import { pause, type RetryPolicy, retryDelayMs } from "./retry-backoff.ts";
import type { RunStop } from "./run-stop.ts";
import type { StepText } from "./step-text.ts";

export interface ModelStepDeps {
  readonly client: ModelClient;
  readonly provider: string;
  readonly retry: RetryPolicy;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
}

/** Bytes waiting for Redis above which the model is not read on. */
const MOST_BUFFERED = 1 << 20;

/**
 * One step's model call, with its retries; each is visible as an `error` event and in holdfast_retries_total. Text streams
 * into `text` as it comes; nothing here waits per token. Throws ModelCallFailed when the tries are used up or none would
 * help, and RunStopped when the run is cut short.
 */
export async function answerStep(
  request: ModelRequest,
  text: StepText,
  scope: { lease: RunLease; stop: RunStop },
  deps: ModelStepDeps,
): Promise<ModelEnd> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await callOnce(request, text, scope, deps);
    } catch (error) {
      scope.stop.signal.throwIfAborted();
      if (!(error instanceof ModelCallFailed)) throw error;
      const { terms } = error;
      report(terms, retry, deps.logger);
      if (!terms.isRetryable || retry >= deps.retry.retries) throw error;
      const waitMs = retryDelayMs(deps.retry, retry, terms.retryAfterMs);
      const message = `${error.message} Trying again in ${(waitMs / 1000).toFixed(1)} s.`;
      text.keepShown();
      scope.lease.append({ event: "error", code: "model_retry", message, retryable: true });
      deps.metrics.retries.inc({ agent: scope.lease.run.agent });
      text.restart("model_retry");
      await pause(waitMs, scope.stop.signal);
    }
  }
}

/** The provider's words may quote the request, which is what people said: they are kept out of ordinary logs. */
function report({ code, status, retryAfterMs, detail }: FailureTerms, retry: number, logger: Logger): void {
  logger.warn("model call failed", { error_code: code, status, retry_after_ms: retryAfterMs, retry });
  if (detail !== undefined) logger.debug("words of the model provider", { detail });
}

function callOnce(
  request: ModelRequest,
  text: StepText,
  { lease, stop }: { lease: RunLease; stop: RunStop },
  { client, provider }: ModelStepDeps,
): Promise<ModelEnd> {
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": provider,
    "gen_ai.request.model": request.model,
    "gen_ai.request.max_tokens": request.maxOutputTokens,
    "gen_ai.conversation.id": lease.run.conversationId,
    "holdfast.run_id": lease.run.id,
    "holdfast.step": text.step,
  };
  return withSpan(`chat ${request.model}`, { kind: "client", attributes }, async (span) => {
    const end = await client.stream(request, stop.signal, {
      hear: (channel, piece) => text.write(channel, piece),
      holdBack: () => (lease.bufferedBytes > MOST_BUFFERED ? lease.flush() : undefined),
    });
    span.setAttributes({
      "gen_ai.response.finish_reasons": [end.finishReason],
      "gen_ai.usage.input_tokens": end.usage?.input_tokens,
      "gen_ai.usage.output_tokens": end.usage?.output_tokens,
    });
    return end;
  });
}
