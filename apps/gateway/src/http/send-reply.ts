import type { ServerResponse } from "node:http";
import type { Reply } from "./route.ts";

/** Answers are of one moment: nothing may keep them. */
export function sendReply(response: ServerResponse, reply: Reply, isHead = false): void {
  const text = reply.text ?? (reply.body === undefined ? undefined : JSON.stringify(reply.body));
  response.statusCode = reply.status;
  response.setHeader("cache-control", "no-store");
  if (reply.body !== undefined) response.setHeader("content-type", "application/json; charset=utf-8");
  if (text !== undefined) response.setHeader("content-length", Buffer.byteLength(text));
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.end(isHead ? undefined : text);
}
