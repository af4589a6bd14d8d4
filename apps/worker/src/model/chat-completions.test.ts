import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { ModelListener, ModelRequest } from "./model-client.ts";
import { openModels } from "./open-model.ts";

/** A server that is "compatible" and no more: it sends exactly these chunks. */
let server: Server;
let chunks: object[] = [];
let bodies: Record<string, unknown>[] = [];
let headers: Record<string, unknown>[] = [];
let ending = "data: [DONE]\n\n";
beforeEach(async () => {
  [chunks, bodies, headers, ending] = [[], [], [], "data: [DONE]\n\n"];
  server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += String(piece);
    bodies.push(JSON.parse(body) as Record<string, unknown>);
    headers.push(request.headers);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("") + ending);
    if (ending !== "hang") response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const REQUEST: ModelRequest = {
  model: "m",
  instructions: "Be brief.",
  messages: [{ role: "user", content: "hi" }],
  tools: [],
  maxOutputTokens: 100,
};
const delta = (fields: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta: fields, finish_reason }],
});

const DEAF: ModelListener = { hear: () => undefined, holdBack: () => undefined };

async function answer(request: Partial<ModelRequest> = {}): Promise<unknown[]> {
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const client = openModels({ baseUrl, idleMs: 10_000 })("chat");
  const read: unknown[] = [];
  const listener: ModelListener = { ...DEAF, hear: (type, text) => void read.push({ type, text }) };
  const end = await client.stream({ ...REQUEST, ...request }, new AbortController().signal, listener);
  return [...read, { type: "end", ...end }];
}

describe("servers that differ", () => {
  it("reads reasoning under either name, and refusals as text", async () => {
    chunks = [
      delta({ reasoning_content: "a" }),
      delta({ reasoning: "b" }),
      delta({ refusal: "no" }),
      delta({}, "stop"),
    ];
    expect(await answer()).toEqual([
      { type: "reasoning", text: "a" },
      { type: "reasoning", text: "b" },
      { type: "text", text: "no" },
      { type: "end", finishReason: "stop", calls: [] },
    ]);
  });

  it("takes the newest usage, wherever it comes, and adds up a total that is missing", async () => {
    const usage = (prompt_tokens: number, completion_tokens: number) => ({
      usage: { prompt_tokens, completion_tokens },
    });
    chunks = [
      { ...delta({ content: "x" }), ...usage(5, 1) },
      { ...delta({}, "eos"), usage: null },
      { choices: [], ...usage(5, 2) },
    ];
    expect((await answer()).at(-1)).toEqual({
      type: "end",
      finishReason: "stop",
      calls: [],
      usage: { input_tokens: 5, output_tokens: 2, total_tokens: 7 },
    });
  });

  it("takes an answer for whole once it has its reason, even where the stream never ends", async () => {
    chunks = [delta({ content: "done" }), { choices: [{ index: 0, finish_reason: "stop" }] }];
    ending = "hang";
    expect((await answer()).at(-1)).toMatchObject({ type: "end", finishReason: "stop" });
  });

  it("takes a stream without a reason, or of nonsense, for broken", async () => {
    chunks = [delta({ content: "half" })];
    await expect(answer()).rejects.toMatchObject({ terms: { code: "model_stream_broken", isRetryable: true } });
    ending = "data: {nonsense\n\n";
    await expect(answer()).rejects.toMatchObject({ terms: { code: "model_stream_broken", isRetryable: true } });
  });
});

it("offers tools strictly where their schema allows it, and replays calls that are not JSON as empty", async () => {
  const closed = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };
  const open = { type: "object", properties: { a: { type: "string" } } };
  chunks = [delta({ content: "ok" }, "stop")];
  await answer({
    tools: [
      { name: "closed", description: "c", input_schema: closed },
      { name: "open", description: "o", input_schema: open },
    ],
    messages: [
      { role: "assistant", content: "", calls: [{ id: "1", name: "t", arguments: "{bro" }] },
      { role: "tool", tool_call_id: "1", content: "not JSON" },
    ],
  });
  expect(bodies[0]).toMatchObject({
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 100,
    parallel_tool_calls: true,
    tools: [
      { type: "function", function: { name: "closed", strict: true, parameters: { additionalProperties: false } } },
      { type: "function", function: { name: "open", strict: false, parameters: open } },
    ],
    messages: [
      { role: "system", content: "Be brief." },
      { role: "assistant", content: null, tool_calls: [{ id: "1", function: { name: "t", arguments: "{}" } }] },
      { role: "tool", tool_call_id: "1", content: "not JSON" },
    ],
  });
  expect(headers[0]).not.toHaveProperty("authorization");
});

it("ends with the signal's own reason when it is aborted", async () => {
  ending = "hang";
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const abort = new AbortController();
  const reason = new Error("enough");
  const reading = openModels({ baseUrl, idleMs: 10_000 })("chat").stream(REQUEST, abort.signal, DEAF);
  setTimeout(() => abort.abort(reason), 50);
  await expect(reading).rejects.toBe(reason);
});
