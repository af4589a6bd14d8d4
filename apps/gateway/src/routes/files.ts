import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Conversations, Files } from "@holdfast/bus";
import { type FileAnswer, FileList } from "@holdfast/protocol";
import { z } from "zod";
import { defineRoute, ok, refuse, type Reply, type Route, TAKEN_OVER } from "../http/route.ts";
import { IdInPath, noConversation } from "./addresses.ts";

/*
 * The files of a conversation's workspace. The gateway has no workspace: tool-runners have, and are asked through Redis, part
 * by part. A file that changes on the way is broken off rather than mixed of two versions.
 */

const ANSWER_WITHIN_MS = 5_000;

type Part = Extract<FileAnswer, { is: "part" }>;

export function fileRoutes(conversations: Pick<Conversations, "find">, files: Files): Route[] {
  return [
    defineRoute({
      method: "get",
      path: "/v1/conversations/:id/files",
      operationId: "listFiles",
      summary: "The files of the conversation's workspace; with `path`, one of them as a download",
      params: IdInPath,
      query: z.looseObject({ path: z.string().min(1).optional() }),
      replies: { 200: { description: "All files, or the bytes of one", schema: FileList } },
      errors: ["conversation_not_found", "file_not_found", "unavailable"],
      handle: async ({ params: { id }, query: { path }, method, response }) => {
        if ((await conversations.find(id)).outcome !== "found") return noConversation();
        const ask = (offset: number) =>
          files.ask({ conversation_id: id, offset, ...(path === undefined ? {} : { path }) }, ANSWER_WITHIN_MS);
        const answer = await ask(0);
        if (!answer) return nobodyAnswers();
        if (answer.is === "missing") return refuse("file_not_found", "There is no such file in this conversation.");
        if (answer.is === "list") return ok(listOf(id, answer));
        await send(response, path ?? "", answer, method === "HEAD" ? undefined : ask);
        return TAKEN_OVER;
      },
    }),
  ];
}

function listOf(id: string, { files, truncated }: Extract<FileAnswer, { is: "list" }>): FileList {
  const address = `/v1/conversations/${id}/files`;
  return {
    data: files.map((file) => ({ ...file, url: `${address}?path=${encodeURIComponent(file.path)}` })),
    truncated,
  };
}

function nobodyAnswers(): Reply {
  const reply = refuse("unavailable", "No tool-runner answers, and only they have the files.");
  return { ...reply, headers: { ...reply.headers, "retry-after": "2" } };
}

/** Made by a tool, so it is never shown in the page's origin: always saved, as bytes of no type. */
async function send(
  response: ServerResponse,
  path: string,
  first: Part,
  ask: ((offset: number) => Promise<FileAnswer | undefined>) | undefined,
): Promise<void> {
  const name = encodeURIComponent(path.slice(path.lastIndexOf("/") + 1)).replaceAll("'", "%27");
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename*=UTF-8''${name}`,
    "content-length": first.size,
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  });
  if (!ask) return void response.end();
  let part = first;
  for (let sent = 0; ; ) {
    const bytes = Buffer.from(part.data, "base64");
    sent += bytes.length;
    if (!response.write(bytes)) await Promise.race([once(response, "drain"), once(response, "close")]);
    if (sent >= first.size || response.destroyed) break;
    const next = await ask(sent).catch(() => undefined);
    if (next?.is !== "part" || next.version !== first.version || next.data === "") return void response.destroy();
    part = next;
  }
  response.end();
}
