import type { IncomingMessage, ServerResponse } from "node:http";
import { type ErrorCode, type InputError, type Problem, problem } from "@holdfast/protocol";
import type { z } from "zod";

/**
 * A route is one object: what it takes, what it answers, and what it does. Validation, the 405 of its path and its place in
 * openapi.json all come from it, so they cannot disagree.
 */
export type Method = "get" | "post" | "delete";

export interface Reply {
  readonly status: number;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is; `headers` say what it is. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The handler writes the response itself, now or later. */
export const TAKEN_OVER = Symbol("taken over");

export interface RouteRequest<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly headers: IncomingMessage["headers"];
  readonly method: string;
  readonly response: ServerResponse;
}

export interface ReplyDoc {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Default application/json. */
  readonly contentType?: string;
}

export interface RouteSpec<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: Method;
  /** As Express has it, `/v1/runs/:id`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** True where a request without a body counts as `{}`. */
  readonly isBodyOptional?: boolean;
  /** Request headers it obeys, with a sentence each. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly replies: Readonly<Record<number, ReplyDoc>>;
  /** Codes beside those any route can answer with. */
  readonly errors?: readonly ErrorCode[];
  readonly handle: (
    request: RouteRequest<z.output<Params>, z.output<Query>, z.output<Body>>,
  ) => Promise<Reply | typeof TAKEN_OVER> | Reply | typeof TAKEN_OVER;
}

export type Route = RouteSpec<z.ZodType, z.ZodType, z.ZodType>;

/** Keeps the types of a route together while it is written; the list of routes forgets them. */
export function defineRoute<
  Params extends z.ZodType = z.ZodUndefined,
  Query extends z.ZodType = z.ZodUndefined,
  Body extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<Params, Query, Body>): Route {
  return spec;
}

export function ok(body: unknown): Reply {
  return { status: 200, body };
}

/** An error answer: RFC 9457 problem details. */
export function refuse(code: ErrorCode, detail: string, errors?: InputError[]): Reply {
  return problemReply(problem(code, detail, errors));
}

export function problemReply(body: Problem, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status: body.status,
    body,
    headers: { "content-type": "application/problem+json; charset=utf-8", ...headers },
  };
}
