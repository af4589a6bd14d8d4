/**
 * The scripted model, a process of its own beside every system that is measured: OpenAI's Chat Completions, streamed. How
 * much it says and how fast stands in the user's message (ask.ts). `GET /aborted` lists the tags of the requests whose
 * client went away before the answer was out. Prints one JSON line with its URL when it serves.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Answer } from "./answer.ts";
import { askOf, newestPrompt } from "./ask.ts";
import { Pacer } from "./pacer.ts";

const pacer = new Pacer();
const aborted: string[] = [];

const server = createServer((request, response) => {
  if (request.method === "POST") return void complete(request, response);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(request.url === "/aborted" ? aborted : { object: "list", data: [{ id: "scripted" }] }));
});

async function complete(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  try {
    for await (const part of request) parts.push(part as Buffer);
  } catch {
    return;
  }
  const ask = askOf(newestPrompt(JSON.parse(Buffer.concat(parts).toString("utf8"))));
  const answer = new Answer(response, ask);
  response.on("close", () => {
    if (!answer.isOver) aborted.push(ask.tag);
  });
  response.on("error", () => {});
  response.socket?.setNoDelay(true);
  answer.start(pacer);
}

// A connection that the client keeps for its next request must not be closed under it.
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1", 4_096, () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ message: "ready", url: `http://127.0.0.1:${port}/v1` }));
});
process.on("SIGTERM", () => process.exit(0));
