/**
 * The HTTP side of a model that speaks OpenAI's API: POST /v1/chat/completions and /v1/responses, streamed or not,
 * GET /v1/models, GET /health. What it answers comes from the owner as parts; bad bodies are refused here in OpenAI's words.
 * A client that goes away aborts `exchange.signal`, and no further part is asked for.
 */
import { randomBytes } from "node:crypto";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { errorBody, type ApiError } from "./api-error.ts";
import { chatCompletion } from "./chat-completion.ts";
import { readChatRequest } from "./chat-request.ts";
import { ChatStreamEncoder } from "./chat-stream.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { ModelRequest } from "./model-request.ts";
import type { ReplyIdentity, ReplyPart, StreamEncoder } from "./reply.ts";
import { readJsonBody } from "./request-body.ts";
import { readResponsesRequest } from "./responses-request.ts";
import { ResponsesStreamEncoder } from "./responses-stream.ts";

/** What surrounds one request. */
export interface Exchange {
  readonly headers: IncomingHttpHeaders;
  /** The JSON body as received. */
  readonly body: unknown;
  /** Aborted as soon as the client has gone or the answer is out. */
  readonly signal: AbortSignal;
  /** Breaks the connection once everything written so far is on its way, without a proper end. */
  breakConnection(): Promise<void>;
}

export type ModelAnswer = { parts: AsyncIterable<ReplyPart>; headers?: Record<string, string> } | { error: ApiError };

export interface ModelServerOptions {
  /** Ids listed by GET /v1/models; a request may name any model. */
  models: readonly string[];
  answer(request: ModelRequest, exchange: Exchange): ModelAnswer | Promise<ModelAnswer>;
  /** An error of `answer` or of its parts that is not the client's going away. The client sees a 500 or a broken stream. */
  onError(error: unknown): void;
}

/** The server is not listening yet. */
export function createModelServer(options: ModelServerOptions): Server {
  const server = createServer((request, response) => {
    // A server that is closing does not wait for a client to let go of a connection whose answer is out.
    response.once("close", () => setImmediate(() => server.listening || server.closeIdleConnections()));
    route(options, request, response).catch((error: unknown) => {
      // Once the client has gone, what waited for it fails, and nobody needs to know.
      if (!response.destroyed) options.onError(error);
      if (response.headersSent) response.destroy();
      else sendError(response, { status: 500, message: "The server had an error while processing your request." });
    });
  });
  return server;
}

const READERS = { "/v1/chat/completions": readChatRequest, "/v1/responses": readResponsesRequest };

async function route(options: ModelServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? "/", "http://localhost").pathname;
  if (path === "/v1/chat/completions" || path === "/v1/responses") {
    if (request.method === "POST") return complete(options, READERS[path], request, response);
    return sendError(response, { status: 405, message: `Not allowed to ${request.method} on ${path}.` });
  }
  if (request.method === "GET" && path === "/health") return sendJson(response, 200, { status: "ok" });
  if (request.method === "GET" && path === "/v1/models") {
    const data = options.models.map((id) => ({ id, object: "model", created: 0, owned_by: "holdfast" }));
    return sendJson(response, 200, { object: "list", data });
  }
  const message = `Invalid URL (${request.method} ${path})`;
  return sendError(response, { status: 404, message, code: "unknown_url" });
}

async function complete(
  options: ModelServerOptions,
  readRequest: typeof readChatRequest,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const read = await readJsonBody(incoming);
  if (!read.ok) return sendError(response, read.error);
  const parsed = readRequest(read.body);
  if (!parsed.ok) return sendError(response, parsed.error);

  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const writer = new FrameWriter(response, gone.signal);
  const exchange: Exchange = {
    headers: incoming.headers,
    body: read.body,
    signal: gone.signal,
    breakConnection: async () => {
      if (response.headersSent) await writer.delivered();
      response.destroy();
    },
  };
  const answer = await options.answer(parsed.request, exchange);
  if (gone.signal.aborted) return;
  if ("error" in answer) return sendError(response, answer.error);
  const send = parsed.request.isStreamed ? sendStream : sendWhole;
  await send(parsed.request, answer, response, writer);
}

type Reply = Exclude<ModelAnswer, { error: ApiError }>;

async function sendStream(
  request: ModelRequest,
  answer: Reply,
  response: ServerResponse,
  writer: FrameWriter,
): Promise<void> {
  const identity = newIdentity(request.model);
  const encoder: StreamEncoder =
    request.api === "chat" ? new ChatStreamEncoder(identity, request) : new ResponsesStreamEncoder(identity);
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-request-id": `req_${identity.id}`,
    ...answer.headers,
  });
  response.flushHeaders();
  await writer.write(encoder.open());
  for await (const part of answer.parts) {
    await writer.write(encoder.encode(part));
  }
  writer.end();
}

async function sendWhole(request: ModelRequest, answer: Reply, response: ServerResponse): Promise<void> {
  const identity = newIdentity(request.model);
  const parts: ReplyPart[] = [];
  for await (const part of answer.parts) {
    if (response.destroyed) return;
    if (part.type === "error" || part.type === "failed")
      return sendError(response, { status: 500, ...part, type: "server_error" });
    parts.push(part);
  }
  sendJson(
    response,
    200,
    request.api === "chat" ? chatCompletion(identity, parts) : wholeResponse(identity, parts),
    answer.headers,
  );
}

function wholeResponse(identity: ReplyIdentity, parts: readonly ReplyPart[]): object {
  const encoder = new ResponsesStreamEncoder(identity);
  for (const part of parts) encoder.encode(part);
  return encoder.response;
}

function newIdentity(model: string): ReplyIdentity {
  return { id: randomBytes(12).toString("hex"), model, createdAt: Math.floor(Date.now() / 1000) };
}

function sendError(response: ServerResponse, error: ApiError): void {
  sendJson(response, error.status, errorBody(error), error.headers);
}

function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
