import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import OpenAI from "openai";
import { sdkFetch } from "./sdk-fetch.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A provider that is asked twice: by the SDK itself, and as ours does. */
async function provider(answer: RequestListener, settings: ConstructorParameters<typeof OpenAI>[0] = {}) {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const given = { baseURL, apiKey: "secret", maxRetries: 0, logLevel: "off" as const, ...settings };
  const body = { model: "m", messages: [], stream: true as const };
  const askedBy = (client: OpenAI) => () =>
    client.chat.completions.create(body, { signal: new AbortController().signal }).asResponse();
  return { bySdk: askedBy(new OpenAI(given)), byOurs: askedBy(new OpenAI({ ...given, fetch: sdkFetch() })) };
}

/** What fetch adds of its own. */
const FROM_FETCH = new Set(["connection", "accept-encoding", "accept-language", "sec-fetch-mode"]);

const failureOf = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("the SDK with our fetch", () => {
  it.each([
    { what: "a key", settings: {} },
    { what: "no key", settings: { defaultHeaders: { Authorization: null }, organization: null, project: null } },
  ])("is asked what the SDK asks, under the same headers, with $what", async ({ settings }) => {
    const asked: { url: string | undefined; body: unknown; headers: object }[] = [];
    const { bySdk, byOurs } = await provider(async (request, response) => {
      let body = "";
      for await (const piece of request.setEncoding("utf8")) body += String(piece);
      const headers = Object.entries(request.headers).filter(([name]) => !FROM_FETCH.has(name));
      asked.push({ url: request.url, body: JSON.parse(body) as unknown, headers: Object.fromEntries(headers) });
      response.end("{}");
    }, settings);
    await bySdk();
    await byOurs();
    await byOurs();
    expect(asked[1]).toEqual(asked[0]);
    expect(asked[2]).toEqual(asked[0]);
    expect(asked).toHaveLength(3);
  });

  it.each([
    { status: 400, text: '{"error":{"message":"no","code":"c","param":"temperature","type":"t"}}' },
    { status: 401, text: "" },
    { status: 429, text: '{"error":{"message":"wait"}}' },
    { status: 503, text: "overloaded" },
    { status: 418, text: "null" },
  ])("refuses with $status as it does to the SDK: $text", async ({ status, text }) => {
    const { bySdk, byOurs } = await provider((_request, response) => {
      response.writeHead(status, { "retry-after": "7", "x-request-id": "r" }).end(text);
    });
    const [theirs, ours] = [await failureOf(bySdk()), await failureOf(byOurs())];
    expect(ours).toBeInstanceOf(OpenAI.APIError);
    expect(ours?.constructor).toBe(theirs?.constructor);
    const told = ({ status: code, message, error, requestID, ...rest }: InstanceType<typeof OpenAI.APIError>) => {
      return [code, message, error, requestID, rest.code, rest.param, rest.type, rest.headers?.get("retry-after")];
    };
    expect(told(ours as never)).toEqual(told(theirs as never));
  });

  it("fails where nobody answers as it does for the SDK", async () => {
    const { bySdk, byOurs } = await provider((request) => request.socket.destroy());
    const [theirs, ours] = [await failureOf(bySdk()), await failureOf(byOurs())];
    expect(ours).toBeInstanceOf(OpenAI.APIConnectionError);
    expect((ours as Error).message).toBe((theirs as Error).message);
    expect((ours as Error).cause).toMatchObject({ message: "socket hang up" });
  });
});
