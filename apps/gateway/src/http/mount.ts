import type { Express, Request, Response } from "express";
import { type ErrorCode, inputErrors } from "@holdfast/protocol";
import { type Counter, type Logger, type TraceSpan, withSpan } from "@holdfast/telemetry";
import type { z } from "zod";
import type { BodyReader } from "./read-body.ts";
import { type Reply, type Route, refuse, TAKEN_OVER } from "./route.ts";
import { sendReply } from "./send-reply.ts";
import { replyToThrown } from "./thrown.ts";

export interface MountOptions {
  readonly readBody: BodyReader;
  readonly logger: Logger;
  readonly requests: Counter<"method" | "route" | "status">;
}

/** Gives the routes to Express: validation before each handler, a span and a count around it, 405 beside it. */
export function mountRoutes(app: Express, routes: readonly Route[], options: MountOptions): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path);
    const entry = app.route(path);
    for (const route of here) {
      entry[route.method]((request: Request, response: Response) => serve(route, request, response, options));
    }
    const allow = allowOf(here);
    entry.all((request: Request, response: Response) => refuseMethod(request, response, allow));
  }
}

function allowOf(routes: readonly Route[]): string {
  const methods = routes.map((route) => route.method.toUpperCase());
  return [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
}

function refuseMethod(request: Request, response: Response, allow: string): void {
  response.setHeader("allow", allow);
  if (request.method === "OPTIONS") response.status(204).end();
  else sendReply(response, refuse("method_not_allowed", `This address takes ${allow}.`), request.method === "HEAD");
}

async function serve(route: Route, request: Request, response: Response, options: MountOptions): Promise<void> {
  const method = request.method;
  const begun = performance.now();
  const attributes = { "http.request.method": method, "http.route": route.path };
  await withSpan(`${method} ${route.path}`, { kind: "server", attributes, parent: traceOf(request) }, async (span) => {
    const reply = await replyTo(route, request, response, span, options);
    const status = reply === TAKEN_OVER ? response.statusCode : reply.status;
    span.setAttribute("http.response.status_code", status);
    options.requests.inc({ method, route: route.path, status: String(status) });
    const duration_ms = Math.round(performance.now() - begun);
    options.logger.debug("answered", { method, route: route.path, status, duration_ms });
    if (reply !== TAKEN_OVER && !response.headersSent) sendReply(response, reply, method === "HEAD");
  });
}

async function replyTo(
  route: Route,
  request: Request,
  response: Response,
  span: TraceSpan,
  { readBody, logger }: MountOptions,
): Promise<Reply | typeof TAKEN_OVER> {
  try {
    const input = await readInput(route, request, response, readBody);
    if ("refusal" in input) return input.refusal;
    return await route.handle({ ...input, headers: request.headers, method: request.method, response });
  } catch (error) {
    span.fail(error);
    return replyToThrown(error, logger);
  }
}

type Input = { readonly params: unknown; readonly query: unknown; readonly body: unknown };

async function readInput(
  route: Route,
  request: Request,
  response: Response,
  readBody: BodyReader,
): Promise<Input | { readonly refusal: Reply }> {
  const params = check(route.params, request.params);
  if (!params.success) return { refusal: refuseParams(params.error) };
  const query = check(route.query, { ...request.query });
  if (!query.success) return { refusal: refuseQuery(query.error) };
  if (route.method !== "post") return { params: params.data, query: query.data, body: undefined };
  const read = await readBody(request, response);
  if ("refusal" in read) return read;
  const given = read.body === undefined && route.isBodyOptional ? {} : read.body;
  const body = check(route.body, given);
  if (!body.success) {
    return { refusal: refuse("invalid_request", "The body is not what this route takes.", inputErrors(body.error)) };
  }
  return { params: params.data, query: query.data, body: body.data };
}

type Checked = { success: true; data: unknown } | { success: false; error: z.ZodError };

function check(schema: z.ZodType | undefined, value: unknown): Checked {
  if (schema === undefined) return { success: true, data: undefined };
  const parsed = schema.safeParse(value);
  return parsed.success ? { success: true, data: parsed.data } : { success: false, error: parsed.error };
}

function refuseParams(error: z.ZodError): Reply {
  return refuse("malformed_id", "The address names something by a malformed id.", inputErrors(error));
}

function refuseQuery(error: z.ZodError): Reply {
  const errors = inputErrors(error);
  return refuse(queryCode(errors[0]?.path), "The query is not what this route takes.", errors);
}

function queryCode(path: string | undefined): ErrorCode {
  if (path === "cursor" || path === "after") return "invalid_cursor";
  return path === "run_id" ? "malformed_id" : "invalid_request";
}

function traceOf({ headers }: Request): { traceparent?: string; tracestate?: string } {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== "string") return {};
  return typeof tracestate === "string" ? { traceparent, tracestate } : { traceparent };
}
