import { isIP } from "node:net";
import type { NextFunction, Request, Response } from "express";
import { refuse } from "./route.ts";
import { sendReply } from "./send-reply.ts";

/**
 * Who may talk to this gateway from a browser.
 *
 * - Other origins may read answers only where they are listed (CORS); by default none is.
 * - What changes state is refused when the browser says that another site asks (`Sec-Fetch-Site: cross-site`).
 * - Bound to this machine only, it answers to no name but localhost: a site whose name was pointed at 127.0.0.1 (DNS
 *   rebinding) would count as the same origin, and agents run commands.
 * Clients that are no browsers send none of these headers and are not concerned.
 */
export interface OriginRules {
  /** Origins such as `https://app.example`; `*` for any. */
  readonly corsOrigins: readonly string[];
  /** Names beside localhost and IP addresses; undefined for any name. */
  readonly hosts: readonly string[] | undefined;
}

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

export function guardOrigins({ corsOrigins, hosts }: OriginRules) {
  const isAllowedOrigin = (origin: string | undefined) =>
    origin !== undefined && (corsOrigins.includes("*") || corsOrigins.includes(origin));

  return (request: Request, response: Response, next: NextFunction): void => {
    const { origin, host } = request.headers;
    if (hosts && !isAllowedHost(host, hosts)) {
      sendReply(
        response,
        refuse("forbidden", "This gateway does not answer to that host name (HOLDFAST_ALLOWED_HOSTS)."),
      );
      return;
    }
    if (corsOrigins.length > 0) response.setHeader("vary", "Origin");
    if (isAllowedOrigin(origin)) allowReading(response, origin ?? "");
    else if (request.headers["sec-fetch-site"] === "cross-site" && !SAFE_METHODS.has(request.method)) {
      sendReply(response, refuse("forbidden", "Another site may not do this (HOLDFAST_CORS_ORIGINS)."));
      return;
    }
    if (isPreflight(request)) response.status(204).end();
    else next();
  };
}

function allowReading(response: Response, origin: string): void {
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-allow-methods", "GET, POST, DELETE");
  response.setHeader(
    "access-control-allow-headers",
    "Content-Type, Idempotency-Key, Last-Event-ID, Traceparent, Tracestate",
  );
  response.setHeader("access-control-expose-headers", "Location, Retry-After");
  response.setHeader("access-control-max-age", "600");
  response.setHeader("cross-origin-resource-policy", "cross-origin");
}

function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
}

function isAllowedHost(header: string | undefined, hosts: readonly string[]): boolean {
  if (header === undefined) return true; // HTTP/1.0; browsers always send it
  const name = header.replace(/:\d+$/, "").toLowerCase();
  const isAddress = isIP(name) !== 0 || (name.startsWith("[") && name.endsWith("]"));
  return isAddress || name === "localhost" || name.endsWith(".localhost") || hosts.includes(name);
}
