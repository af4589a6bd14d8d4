import { getEventListeners } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "@holdfast/testing";
import { afterEach, describe, expect, it } from "@jest/globals";
import { Destination, leanFetch, StreamedResponse } from "./lean-fetch.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const post = (url: string, headers: Record<string, string> = {}) =>
  leanFetch(new Destination(url), { method: "POST", body: '{"ü":1}', headers });

async function textOf(response: Response): Promise<string> {
  if (!(response instanceof StreamedResponse)) return response.text();
  let text = "";
  for await (const piece of response.incoming.setEncoding("utf8")) text += String(piece);
  return text;
}

describe("what models are asked with", () => {
  it("sends the body whole, and gives a success unread", async () => {
    const url = await serving(async (request, response) => {
      let body = "";
      for await (const piece of request.setEncoding("utf8")) body += String(piece);
      response.end(`${body} ${request.headers["content-length"]} ${request.headers["accept-encoding"]}`);
    });
    const response = await post(url);
    expect(response).toBeInstanceOf(StreamedResponse);
    expect(await textOf(response)).toBe('{"ü":1} 8 identity');
  });

  it("gives a refusal with its text and its headers", async () => {
    const url = await serving((_request, response) => {
      response.writeHead(429, { "retry-after": "7", "content-type": "application/json" }).end('{"error":{}}');
    });
    const response = await post(url);
    expect([response.status, response.headers.get("retry-after"), await response.json()]).toEqual([
      429,
      "7",
      { error: {} },
    ]);
  });

  it("follows a redirect that repeats the request, and takes no credentials to another host", async () => {
    const seen: unknown[] = [];
    const target = await serving((request, response) => {
      seen.push([request.method, request.headers.authorization, request.headers["x-own"]]);
      response.end("there");
    });
    const url = await serving((_request, response) => {
      response.writeHead(308, { location: `${target}/v1` }).end();
    });
    const response = await post(url, { authorization: "Bearer secret", "x-own": "kept" });
    expect(await textOf(response)).toBe("there");
    expect(seen).toEqual([["POST", undefined, "kept"]]);
  });

  it("lets go of the signal when an answer is over, however it ends", async () => {
    const { signal } = new AbortController();
    const url = await serving((_request, response) => void response.end("whole"));
    for (let call = 0; call < 3; call += 1)
      expect(await textOf(await leanFetch(new Destination(url), { signal }))).toBe("whole");
    await until(() => getEventListeners(signal, "abort").length === 0);
  });

  it("sends again on another connection what met one that the server had just closed", async () => {
    let requests = 0;
    const url = await serving((request, response) => {
      requests += 1;
      // The second comes over the connection of the first, and finds it gone.
      if (requests === 2) request.socket.destroy();
      else response.end("answered");
    });
    expect(await textOf(await post(url))).toBe("answered");
    expect(await textOf(await post(url))).toBe("answered");
    expect(requests).toBe(3);
  });

  it("does not send again over a connection of its own, nor after it was aborted", async () => {
    const url = await serving((request) => request.socket.destroy());
    await expect(post(url)).rejects.toMatchObject({ code: "ECONNRESET" });
    const abort = AbortSignal.abort();
    await expect(leanFetch(new Destination(url), { signal: abort })).rejects.toMatchObject({ name: "AbortError" });
  });
});
