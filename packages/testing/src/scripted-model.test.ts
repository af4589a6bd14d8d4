import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import OpenAI, { type APIError } from "openai";
import { gate } from "./gate.ts";
import { startScriptedModel, type ScriptedModel } from "./scripted-model.ts";
import { stampedWords, type ScriptedHttpError, type ScriptedReply } from "./scripted-reply.ts";
import { until } from "./until.ts";

let model: ScriptedModel;
let openai: OpenAI;
beforeAll(async () => {
  model = await startScriptedModel();
  openai = new OpenAI({ apiKey: "test-key", baseURL: model.url, maxRetries: 0 });
});
afterEach(() => model.reset());
afterAll(() => model.stop());

const question = { model: "any-model", messages: [{ role: "user" as const, content: "Hello?" }] };
const weather = { type: "function" as const, function: { name: "weather", parameters: { type: "object" } } };

async function readText(): Promise<string> {
  const stream = await openai.chat.completions.create({ ...question, stream: true });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

it("sends a text in tokens, with the finish reason last and usage only when asked for", async () => {
  model.enqueue("Hello, brave new world!", "Hello, brave new world!");
  const chunks = await Array.fromAsync(
    await openai.chat.completions.create({ ...question, stream: true, stream_options: { include_usage: true } }),
  );
  const deltas = chunks.map((chunk) => chunk.choices[0]?.delta);
  expect(deltas[0]).toEqual({ role: "assistant", content: "", refusal: null });
  expect(deltas.map((delta) => delta?.content ?? "")).toEqual([
    "",
    "Hello",
    ",",
    " brave",
    " new",
    " world",
    "!",
    "",
    "",
  ]);
  expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([...Array(7).fill(null), "stop", undefined]);
  expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 6, total_tokens: 8 });
  expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  const unasked = await Array.fromAsync(await openai.chat.completions.create({ ...question, stream: true }));
  expect(unasked.some((chunk) => "usage" in chunk)).toBe(false);
});

it("sends parallel tool calls with their arguments in deltas", async () => {
  model.enqueue([
    { toolCall: { id: "call_a", name: "weather", arguments: { city: "Bern" }, deltas: 4 } },
    { toolCall: { id: "call_b", name: "weather", arguments: { city: "Oslo" } } },
  ]);
  const runner = openai.chat.completions.stream({ ...question, tools: [weather] });
  const { choices } = await runner.finalChatCompletion();
  expect(choices[0]?.finish_reason).toBe("tool_calls");
  expect(choices[0]?.message.tool_calls).toMatchObject([
    { id: "call_a", type: "function", function: { name: "weather", arguments: '{"city":"Bern"}' } },
    { id: "call_b", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
  ]);
});

it("can alternate the deltas of parallel calls", async () => {
  model.enqueue([
    {
      interleavedCalls: [
        { id: "call_a", name: "weather", arguments: { city: "Bern" } },
        { id: "call_b", name: "weather", arguments: { city: "Oslo" } },
      ],
    },
  ]);
  const chunks = await Array.fromAsync(await openai.chat.completions.create({ ...question, stream: true }));
  const calls = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
  expect(calls.map((call) => call.index)).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
});

it("answers whole when no stream is asked for", async () => {
  const reply: ScriptedReply = [
    { reasoning: "hm" },
    "Let me ",
    "see",
    { toolCall: { name: "weather", arguments: {} } },
  ];
  model.enqueue(reply, reply);
  const completion = await openai.chat.completions.create(question);
  expect(completion.choices[0]?.message).toMatchObject({ content: "Let me see", reasoning_content: "hm" });
  expect(completion.choices[0]?.message.tool_calls).toHaveLength(1);
  const response = await openai.responses.create({ model: "any-model", input: "Hello?" });
  expect(response.output_text).toBe("Let me see");
  expect(response.output.map((item) => item.type)).toEqual(["reasoning", "message", "function_call"]);
});

it("streams a response with every event of the Responses API in order", async () => {
  model.enqueue([
    { reasoning: "Think" },
    "Hel",
    "lo",
    { toolCall: { id: "call_a", name: "weather", arguments: { n: 1 }, deltas: 2 } },
  ]);
  const events = await Array.fromAsync(
    await openai.responses.create({ model: "any-model", input: "Hello?", stream: true }),
  );
  expect(events.map((event) => event.type)).toEqual([
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_summary_part.done",
    "response.output_item.done",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.output_item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
    "response.completed",
  ]);
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
  const last = events.at(-1);
  if (last?.type !== "response.completed") throw new Error("not completed");
  expect(last.response.output.at(-1)).toMatchObject({ type: "function_call", call_id: "call_a", arguments: '{"n":1}' });
  expect(last.response.usage).toMatchObject({ input_tokens: 2, output_tokens_details: { reasoning_tokens: 1 } });
});

it("is understood by the SDK's own accumulator of responses", async () => {
  model.enqueue(["one ", "two", { toolCall: { name: "weather", arguments: { a: [1, 2] } } }]);
  const final = await openai.responses.stream({ model: "any-model", input: "Hello?" }).finalResponse();
  expect(final.output_text).toBe("one two");
  expect(final.status).toBe("completed");
});

it("ends a response that was cut off by the limit as incomplete", async () => {
  model.enqueue({ pieces: ["half a sen"], finishReason: "length" });
  const events = await Array.fromAsync(
    await openai.responses.create({ model: "any-model", input: "Hello?", stream: true }),
  );
  expect(events.at(-1)).toMatchObject({
    type: "response.incomplete",
    response: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
  });
});

it.each([
  { status: 429, headers: { "retry-after": "2" } },
  { status: 500, headers: {} },
  { status: 400, headers: {} },
])(
  "refuses with status $status and its headers",
  async ({ status, headers }: Required<Pick<ScriptedHttpError, "status" | "headers">>) => {
    model.enqueue({ status, headers, message: "not now", code: "some_code" });
    const error = await readText().catch((caught: unknown) => caught as APIError);
    expect(error).toMatchObject({ status, code: "some_code", message: expect.stringContaining("not now") });
    expect((error as APIError).headers?.get("retry-after") ?? undefined).toBe(headers["retry-after"]);
  },
);

it("breaks the connection after the pieces before the break have arrived", async () => {
  model.enqueue(["one ", "two", { breakConnection: true }, "three"]);
  let text = "";
  const stream = await openai.chat.completions.create({ ...question, stream: true });
  const reading = (async () => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  })();
  await expect(reading).rejects.toThrow(/terminated/);
  expect(text).toBe("one two");
  expect(model.requests[0]?.state).toBe("aborted");
});

it("breaks the connection instead of an answer", async () => {
  model.enqueue({ breakConnection: true });
  await expect(readText()).rejects.toThrow(/Connection error/);
});

it("can end a stream cleanly without a finish", async () => {
  model.enqueue({ pieces: ["half"], finishReason: null });
  const chunks = await Array.fromAsync(await openai.chat.completions.create({ ...question, stream: true }));
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBeNull();
});

it("reports an error in the middle of a stream, in both APIs", async () => {
  model.enqueue(
    ["one", { error: "overloaded" }],
    ["one", { error: "overloaded" }],
    ["one", { error: "overloaded", as: "failed" }],
  );
  await expect(readText()).rejects.toThrow(/overloaded/);
  const ask = () => openai.responses.create({ model: "any-model", input: "Hello?", stream: true });
  await expect(Array.fromAsync(await ask())).rejects.toThrow(/overloaded/);
  const events = await Array.fromAsync(await ask());
  expect(events.at(-1)).toMatchObject({
    type: "response.failed",
    response: { status: "failed", error: { message: "overloaded" } },
  });
});

it("hangs until the client gives up, and records that", async () => {
  model.enqueue(["one", { hang: true }], { hang: true });
  const first = await openai.chat.completions.create({ ...question, stream: true });
  for await (const chunk of first) if (chunk.choices[0]?.delta.content === "one") break;
  const giveUp = new AbortController();
  const second = openai.chat.completions.create({ ...question, stream: true }, { signal: giveUp.signal });
  await until(() => model.requests.length === 2);
  expect(model.requests[1]?.state).toBe("open");
  giveUp.abort();
  await expect(second).rejects.toThrow(/aborted/);
  await until(() => model.requests.every((request) => request.state === "aborted"));
});

it("holds a stream at a gate until the test opens it", async () => {
  const hold = gate();
  model.enqueue(["before", { waitFor: hold }, " after"]);
  let text = "";
  const stream = await openai.chat.completions.create({ ...question, stream: true });
  const reading = (async () => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  })();
  await hold.reached;
  await until(() => text === "before");
  hold.open();
  await reading;
  expect(text).toBe("before after");
});

it("lets a script answer by what was asked, differently on each call", async () => {
  model.script(({ call, request }) => ({
    pieces: [...stampedWords(3, call), ` for ${request.messages.at(-1)?.role}`],
    delayMs: 1,
  }));
  expect(await readText()).toBe("0.0 0.1 0.2 for user");
  expect(await readText()).toBe("1.0 1.1 1.2 for user");
  expect(model.requests[1]).toMatchObject({ call: 1, state: "answered", body: { model: "any-model" } });
  expect(model.requests[1]?.headers.authorization).toBe("Bearer test-key");
});

it("refuses what was not scripted, and says so when the script itself fails", async () => {
  await expect(readText()).rejects.toThrow(/no reply scripted for call 0/);
  model.script(() => {
    throw new Error("typo");
  });
  await expect(readText()).rejects.toThrow(/the script failed: Error: typo/);
});

it("refuses a context in which a tool call has no answer, as OpenAI does", async () => {
  model.script(() => "fine");
  const call = { id: "call_a", type: "function" as const, function: { name: "weather", arguments: "{}" } };
  const messages = [{ role: "assistant" as const, content: null, tool_calls: [call] }];
  const answered = { role: "tool" as const, tool_call_id: "call_a", content: "rain" };
  await expect(openai.chat.completions.create({ model: "any-model", messages })).rejects.toThrow(/call_a/);
  await openai.chat.completions.create({ model: "any-model", messages: [...messages, answered] });
  await expect(openai.chat.completions.create({ model: "any-model", messages: [answered] })).rejects.toThrow(
    /no open call/,
  );
  const input = [{ type: "function_call" as const, call_id: "call_a", name: "weather", arguments: "{}" }];
  await expect(openai.responses.create({ model: "any-model", input })).rejects.toThrow(/call_a/);
});
