import type { IncomingMessage } from "node:http";
import type { ApiError } from "./api-error.ts";

const MAX_BODY_BYTES = 32 * 1024 * 1024;

export type ReadBody = { ok: true; body: unknown } | { ok: false; error: ApiError };

/** Reads a JSON body. Rejects only when the client goes away while it sends. */
export async function readJsonBody(request: IncomingMessage): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return { ok: false, error: { status: 413, message: "The request body is too large." } };
    chunks.push(chunk);
  }
  try {
    return { ok: true, body: JSON.parse(Buffer.concat(chunks).toString("utf8")) };
  } catch {
    const message = "We could not parse the JSON body of your request. The API expects a JSON payload.";
    return { ok: false, error: { status: 400, message } };
  }
}
