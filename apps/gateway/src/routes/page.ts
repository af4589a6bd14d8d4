import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Express } from "express";
import express from "express";
import { defineRoute, type Reply, type Route } from "../http/route.ts";
import { IdInPath } from "./addresses.ts";

/** The web page: one document for `/` and every conversation's address, and the files it names. */

const html = { description: "The web page", contentType: "text/html" };
const NOT_BUILT = `The web page has not been built: run \`pnpm --filter @holdfast/web build\`, or set HOLDFAST_WEB_DIR to a build.
The API works without it; /openapi.json describes it.
`;

export function pageRoutes(webDir: string): Route[] {
  const page = () => readPage(webDir);
  return [
    defineRoute({
      method: "get",
      path: "/",
      operationId: "getPage",
      summary: "The web page",
      replies: { 200: html },
      handle: page,
    }),
    defineRoute({
      method: "get",
      path: "/c/:id",
      operationId: "getConversationPage",
      summary: "The web page at a conversation",
      params: IdInPath,
      replies: { 200: html },
      handle: page,
    }),
  ];
}

/** Read anew each time: the document names its files by their hash, so an old one would name files that are gone. */
async function readPage(webDir: string): Promise<Reply> {
  try {
    const text = await readFile(join(webDir, "index.html"), "utf8");
    return { status: 200, text, headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-cache" } };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { status: 503, text: NOT_BUILT, headers: { "content-type": "text/plain; charset=utf-8" } };
  }
}

/** Files under assets/ carry their content's hash in their name and never change; the others are asked for again. */
export function serveAssets(app: Express, webDir: string): void {
  const common = { index: false, redirect: false } as const;
  app.use("/assets", express.static(join(webDir, "assets"), { ...common, immutable: true, maxAge: "365d" }));
  const files = express.static(webDir, { ...common, maxAge: 0 });
  app.use((request, response, next) => (request.path === "/index.html" ? next() : files(request, response, next)));
}
