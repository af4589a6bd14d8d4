import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServerConfig } from "@holdfast/protocol";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { testHost, type TestHost } from "./fixture/fixture-host.ts";

const TOKEN = "tulip-7f3a91c2d4";
const KEY = "orchid-55d0e1ab9c";

/** Refuses everybody, and quotes what it was given, as careless servers do. */
let server: Server;
let url: string;
let status = 401;
const seen: IncomingHttpHeaders[] = [];
let test: TestHost;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.headers);
    const { authorization, "x-api-key": key } = request.headers;
    response.writeHead(status, { "content-type": "text/plain" }).end(`refused: ${authorization} ${String(key)}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
});
afterEach(() => test.stop());
afterAll(() => {
  server.close();
});

describe("a remote server that refuses", () => {
  it.each([
    [401, "auth_required"],
    [403, "auth_required"],
    [400, "backoff"],
    [500, "backoff"],
  ])("[mcp.headers] was given the headers of the configuration, which nothing shows, with %i", async (code, state) => {
    status = code;
    seen.splice(0);
    const headers = { Authorization: `Bearer ${TOKEN}`, "X-Api-Key": KEY };
    test = testHost(() => ({ remote: McpServerConfig.parse({ url, headers }) }));
    await test.host.start();
    expect(seen.length).toBeGreaterThan(0);
    for (const given of seen) expect(given).toMatchObject({ authorization: `Bearer ${TOKEN}`, "x-api-key": KEY });
    const [remote] = test.host.toolsets();
    expect(remote?.state).toBe(state);
    for (const shown of [test.log(), JSON.stringify(remote)]) {
      expect(shown).not.toContain(TOKEN);
      expect(shown).not.toContain(KEY);
    }
  });
});
