import type { Server } from "node:http";
import { createModelServer } from "@holdfast/model-wire";
import type { Logger } from "@holdfast/telemetry";
import { planReply } from "./plan-reply.ts";
import { speak } from "./speak.ts";

const DEMO_MODEL_ID = "holdfast-demo";

/** The demo model as an HTTP server that is not listening yet. */
export function createDemoModel({ paceMs, logger }: { paceMs: number; logger: Logger }): Server {
  return createModelServer({
    models: [DEMO_MODEL_ID],
    answer(request, { signal }) {
      logger.debug("answering", { api: request.api, streamed: request.isStreamed, messages: request.messages.length });
      return { parts: speak(planReply(request), request, { paceMs, signal }) };
    },
    onError: (error) => logger.error("could not answer", { error }),
  });
}
