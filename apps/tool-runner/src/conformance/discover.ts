import type { FetchLike } from "@modelcontextprotocol/client";

/**
 * Some servers of the suite speak 2026-07-28 but know neither `server/discover` nor `initialize`, so nothing could find out
 * that they do. For them the discovery is answered here; every other request reaches them.
 */
export const withDiscovery =
  (next: FetchLike): FetchLike =>
  async (url, init) => {
    const request = typeof init?.body === "string" ? (JSON.parse(init.body) as { id?: unknown; method?: string }) : {};
    if (request.method !== "server/discover") return next(url, init);
    const result = {
      resultType: "complete",
      supportedVersions: ["2026-07-28"],
      capabilities: { tools: {}, resources: {}, prompts: {} },
      ttlMs: 0,
      cacheScope: "private",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "conformance", version: "1" } },
    };
    return Response.json({ jsonrpc: "2.0", id: request.id, result });
  };
