/**
 * A model for tests that speaks OpenAI's API over real HTTP and says what the test wrote. Replies come from the queue first,
 * then from the script; a request with neither is refused with 400 `no_reply_scripted`, which no client retries.
 */
import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createModelServer,
  type Exchange,
  type ModelAnswer,
  type ModelRequest,
  type ReplyPart,
} from "@holdfast/model-wire";
import { playAnswer, textPieces, unlessGone } from "./scripted-parts.ts";
import type { Piece, ScriptedAnswer, ScriptedReply } from "./scripted-reply.ts";

export interface RecordedRequest {
  /** Counts the requests from 0. */
  readonly call: number;
  /** The request as both APIs mean it: messages, tools, model. */
  readonly request: ModelRequest;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
  /** performance.now() at arrival. */
  readonly receivedAtMs: number;
  /** "open" until the answer is out ("answered") or the connection ended before that ("aborted"). */
  state: "open" | "answered" | "aborted";
}

export type Script = (recorded: RecordedRequest) => ScriptedReply | Promise<ScriptedReply>;

export interface ScriptedModel {
  /** For OPENAI_BASE_URL; ends in /v1. */
  readonly url: string;
  readonly port: number;
  readonly requests: RecordedRequest[];
  /** Answers every request that finds the queue empty. */
  script(script: Script): void;
  /** Answers the next requests, one reply each. */
  enqueue(...replies: ScriptedReply[]): void;
  /** Forgets script, queue and recorded requests. */
  reset(): void;
  stop(): Promise<void>;
}

export async function startScriptedModel(options: { port?: number } = {}): Promise<ScriptedModel> {
  const requests: RecordedRequest[] = [];
  const queue: ScriptedReply[] = [];
  let script: Script | undefined;
  const server = createModelServer({
    models: ["scripted-model"],
    async answer(request, exchange) {
      const recorded = record(requests, request, exchange);
      const reply = queue.shift() ?? (await runScript(script, recorded));
      return answerFor(reply, recorded, exchange);
    },
    onError: (error) => console.error("scripted model:", error),
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    port,
    requests,
    script: (next) => {
      script = next;
    },
    enqueue: (...replies) => {
      queue.push(...replies);
    },
    reset() {
      script = undefined;
      queue.length = 0;
      requests.length = 0;
    },
    async stop() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function record(
  requests: RecordedRequest[],
  request: ModelRequest,
  { body, headers, signal }: Exchange,
): RecordedRequest {
  const recorded: RecordedRequest = {
    call: requests.length,
    request,
    body,
    headers,
    receivedAtMs: performance.now(),
    state: "open",
  };
  requests.push(recorded);
  signal.addEventListener("abort", () => {
    if (recorded.state === "open") recorded.state = "aborted";
  });
  return recorded;
}

/** A script that throws is a mistake in the test: the client sees why, and does not try again. */
async function runScript(script: Script | undefined, recorded: RecordedRequest): Promise<ScriptedReply | undefined> {
  try {
    return await script?.(recorded);
  } catch (error) {
    return { status: 400, message: `the script failed: ${String(error)}`, code: "script_failed" };
  }
}

async function answerFor(
  reply: ScriptedReply | undefined,
  recorded: RecordedRequest,
  exchange: Exchange,
): Promise<ModelAnswer> {
  if (reply === undefined)
    return {
      error: { status: 400, message: `no reply scripted for call ${recorded.call}`, code: "no_reply_scripted" },
    };
  if (typeof reply === "object" && "status" in reply) {
    recorded.state = "answered";
    return { error: { message: `scripted status ${reply.status}`, ...reply } };
  }
  if (typeof reply === "object" && ("breakConnection" in reply || "hang" in reply)) {
    if ("breakConnection" in reply) await exchange.breakConnection();
    return unlessGone(new Promise<never>(() => {}), exchange.signal);
  }
  const answer = toAnswer(reply);
  return {
    parts: markingAnswered(playAnswer(answer, recorded.request, exchange), recorded),
    headers: answer.headers ?? {},
  };
}

function toAnswer(reply: string | Piece[] | ScriptedAnswer): ScriptedAnswer {
  if (typeof reply === "string") return { pieces: textPieces(reply) };
  return Array.isArray(reply) ? { pieces: reply } : reply;
}

async function* markingAnswered(parts: AsyncIterable<ReplyPart>, recorded: RecordedRequest): AsyncGenerator<ReplyPart> {
  yield* parts;
  recorded.state = "answered";
}
