import express, { type Request, type Response } from "express";
import type { InputError } from "@holdfast/protocol";
import { type Reply, refuse } from "./route.ts";

/**
 * Bodies are JSON that says so. Requiring the media type also keeps other sites' forms out: a browser asks before it sends
 * JSON across sites.
 */
export interface BodyReader {
  /** The parsed body, undefined for none; or the refusal. Throws what the parser throws. */
  (request: Request, response: Response): Promise<{ readonly body: unknown } | { readonly refusal: Reply }>;
}

/** Deeper JSON is refused: what reads it later recurses, in JavaScript and in Redis. */
const MOST_LEVELS = 100;

export function createBodyReader(maxBytes: number): BodyReader {
  // `strict: false` leaves it to the schema to say what is wrong with a body that is no object.
  const parse = express.json({ limit: maxBytes, inflate: false, strict: false, type: () => true });
  return async (request, response) => {
    if (!hasBody(request)) return { body: undefined };
    if (!request.is("application/json")) {
      return { refusal: refuse("unsupported_media_type", "Send the body as application/json.") };
    }
    await new Promise<void>((resolve, reject) => {
      parse(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
    });
    const body: unknown = request.body;
    if (isTooDeep(body)) return { refusal: refuse("invalid_request", "The body is nested too deeply.", [TOO_DEEP]) };
    return { body };
  };
}

const TOO_DEEP: InputError = { path: "", message: `must not nest more than ${MOST_LEVELS} levels` };

function hasBody(request: Request): boolean {
  return request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
}

/** Level by level, because recursing into what may be too deep is what this prevents. */
function isTooDeep(body: unknown): boolean {
  let level: unknown[] = [body];
  for (let depth = 0; depth <= MOST_LEVELS; depth += 1) {
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
    if (level.length === 0) return false;
  }
  return true;
}
