import { once } from "node:events";
import { request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, it } from "@jest/globals";
import { createModelServer, type ModelServerOptions } from "./model-server.ts";
import type { ReplyPart } from "./reply.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

interface Running {
  server: Server;
  url: string;
  errors: unknown[];
}

async function start(answer: ModelServerOptions["answer"]): Promise<Running> {
  const errors: unknown[] = [];
  const server = createModelServer({ models: ["m"], answer, onError: (error) => errors.push(error) });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`, errors };
}

const body = JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "go" }] });
const usage = { inputTokens: 1, outputTokens: 1 };

/** Speaks for ever, and knows how far it came and whether it was stopped. */
function chatterbox(text: string) {
  const state = { said: 0, isStopped: false };
  async function* parts(): AsyncGenerator<ReplyPart> {
    try {
      for (;;) {
        state.said += 1;
        yield { type: "text", text };
        await nextTurn();
      }
    } finally {
      state.isStopped = true;
    }
  }
  return { state, parts };
}

async function eventually(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await delay(5);
}

it("asks for no further part once the client has gone", async () => {
  const { state, parts } = chatterbox("x");
  const { url, errors } = await start(() => ({ parts: parts() }));
  const leave = new AbortController();
  const response = await fetch(url, { method: "POST", body, signal: leave.signal });
  await response.body?.getReader().read();
  leave.abort();
  await eventually(() => state.isStopped);
  expect(errors).toEqual([]);
});

it("tells an answer that waits that the client has gone", async () => {
  let isTold = false;
  const { url, errors } = await start(async (_, { signal }) => {
    await once(signal, "abort");
    isTold = true;
    throw signal.reason;
  });
  const leave = new AbortController();
  const asking = fetch(url, { method: "POST", body, signal: leave.signal });
  setTimeout(() => leave.abort(), 50);
  await expect(asking).rejects.toThrow(/aborted/);
  await eventually(() => isTold);
  expect(errors).toEqual([]);
});

it("lets a client that reads nothing hold the model back", async () => {
  const { state, parts } = chatterbox("x".repeat(1_000));
  const { url } = await start(() => ({ parts: parts() }));
  const client = request(url, { method: "POST" });
  client.on("error", () => {});
  client.end(body);
  const [response] = (await once(client, "response")) as [NodeJS.ReadableStream];
  response.pause();
  let before = -1;
  while (before !== state.said) {
    before = state.said;
    await delay(100);
  }
  expect(state.isStopped).toBe(false);
  client.destroy();
  await eventually(() => state.isStopped);
});

it("waits for the answer in progress when it closes, and not for connections kept alive after it", async () => {
  const goOn = Promise.withResolvers<void>();
  async function* parts(): AsyncGenerator<ReplyPart> {
    yield { type: "text", text: "slow" };
    await goOn.promise;
    yield { type: "finish", reason: "stop", usage };
  }
  const { server, url } = await start(() => ({ parts: parts() }));
  const response = await fetch(url, { method: "POST", body });
  const closed = once(server, "close");
  server.close();
  goOn.resolve();
  expect(await response.text()).toMatch(/"finish_reason":"stop"[^]*data: \[DONE\]\n\n$/);
  expect(await Promise.race([closed, delay(3_000, "still open", { ref: false })])).not.toBe("still open");
});

it("answers a failure of its owner with 500, without saying what it was", async () => {
  const { url, errors } = await start(() => {
    throw new Error("secret detail");
  });
  const response = await fetch(url, { method: "POST", body });
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("secret detail");
  expect(errors).toHaveLength(1);
});

it("breaks a stream whose parts fail", async () => {
  async function* parts(): AsyncGenerator<ReplyPart> {
    yield { type: "text", text: "one" };
    await nextTurn();
    throw new Error("out of words");
  }
  const { url, errors } = await start(() => ({ parts: parts() }));
  const response = await fetch(url, { method: "POST", body });
  await expect(response.text()).rejects.toThrow(/terminated/);
  expect(errors).toHaveLength(1);
});
