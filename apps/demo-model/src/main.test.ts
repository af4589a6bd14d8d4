import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { spawnService, type TestService } from "@holdfast/testing";
import OpenAI from "openai";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const model = "gpt-anything";
const services: TestService[] = [];

async function start(env: Record<string, string> = {}): Promise<{ service: TestService; url: string; openai: OpenAI }> {
  const service = spawnService({
    name: "demo-model",
    entry: main,
    env: { DEMO_MODEL_PORT: "0", HOLDFAST_DEMO_PACE_MS: "0", ...env },
  });
  services.push(service);
  const { url = "" } = await service.waitForReady();
  return { service, url, openai: new OpenAI({ apiKey: "none", baseURL: url, maxRetries: 0 }) };
}

let url: string;
let openai: OpenAI;
beforeAll(async () => {
  ({ url, openai } = await start());
});
afterAll(async () => {
  for (const service of services) service.kill();
  await Promise.all(services.map((service) => service.exit));
});

const say = (content: string) => ({ model, messages: [{ role: "user" as const, content }] });
const words = (count: number) => Array.from({ length: count }, (_, index) => `word${index + 1}`).join(" ");
const terminal = { type: "function" as const, name: "terminal__run", parameters: { type: "object" }, strict: true };

describe("Chat Completions", () => {
  it("streams exactly the text asked for, with its usage", async () => {
    const stream = await openai.chat.completions.create({
      ...say("write 3000 words"),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage;
    }
    expect(text).toBe(words(3000));
    expect(usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 3000, total_tokens: 3003 });
  });

  it("answers whole when no stream is asked for", async () => {
    const completion = await openai.chat.completions.create(say("Hello"));
    expect(completion.choices[0]?.message.content).toContain("not a real AI");
    expect(completion.choices[0]?.finish_reason).toBe("stop");
  });

  it("stops at the token limit", async () => {
    const completion = await openai.chat.completions.create({ ...say("write 100 words"), max_completion_tokens: 7 });
    expect(completion.choices[0]).toMatchObject({ finish_reason: "length", message: { content: words(7) } });
  });

  it("calls a tool, then tells what came back", async () => {
    const tools = [{ type: "function" as const, function: terminal }];
    const question = { role: "user" as const, content: "run ls" };
    const first = await openai.chat.completions.stream({ model, messages: [question], tools }).finalMessage();
    const call = first.tool_calls?.[0];
    if (call?.type !== "function") throw new Error("no tool call");
    expect(JSON.parse(call.function.arguments)).toEqual({ argv: ["ls"] });
    const result = { role: "tool" as const, tool_call_id: call.id, content: "notes.txt" };
    const second = await openai.chat.completions.create({ model, messages: [question, first, result], tools });
    expect(second.choices[0]?.message.content).toContain("```text\nnotes.txt\n```");
  });
});

describe("Responses", () => {
  it("streams exactly the text asked for, with its usage", async () => {
    const stream = openai.responses.stream({ model, input: "write 500 words" });
    let text = "";
    stream.on("response.output_text.delta", ({ delta }) => (text += delta));
    const final = await stream.finalResponse();
    expect(text).toBe(words(500));
    expect(final.output_text).toBe(text);
    expect(final.usage).toMatchObject({ input_tokens: 3, output_tokens: 500, total_tokens: 503 });
  });

  it("calls a tool, then tells what came back", async () => {
    const tools = [terminal];
    const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: "run ls" }];
    const first = await openai.responses.create({ model, input, tools });
    const call = first.output.find((item) => item.type === "function_call");
    expect(JSON.parse(call?.arguments ?? "")).toEqual({ argv: ["ls"] });
    input.push(...(first.output as OpenAI.Responses.ResponseInput));
    input.push({ type: "function_call_output", call_id: call?.call_id ?? "", output: "notes.txt" });
    const second = await openai.responses.create({ model, input, tools, instructions: "Be kind." });
    expect(second.output_text).toContain("```text\nnotes.txt\n```");
  });
});

describe("bad requests", () => {
  const post = (path: string, body: string) =>
    fetch(`${url}${path}`, { method: "POST", body, headers: { "content-type": "application/json" } });

  it.each([
    ["/chat/completions", "{", null],
    ["/chat/completions", "[]", null],
    ["/chat/completions", '{"messages":[{"role":"user","content":"x"}]}', "model"],
    ["/chat/completions", '{"model":"m","messages":[]}', "messages"],
    ["/chat/completions", '{"model":"m","messages":[{"role":"user"}]}', "messages[0].content"],
    ["/chat/completions", '{"model":"m","messages":[{"role":"king","content":"x"}]}', "messages[0].role"],
    ["/responses", '{"model":"m"}', "input"],
    ["/responses", '{"model":"m","input":[{"role":"king"}]}', "input[0].role"],
    ["/responses", '{"model":"m","input":[{"type":"function_call_output","output":"x"}]}', "input[0].call_id"],
    ["/responses", '{"model":"m","input":7}', "input"],
  ])("on %s with %s name the field", async (path, body, param) => {
    const response = await post(path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { message: expect.any(String), type: "invalid_request_error", param },
    });
  });

  it("for unknown routes and methods are told so", async () => {
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/responses`)).status).toBe(405);
  });
});

it("lists its model and answers the health check", async () => {
  const models = await Array.fromAsync(await openai.models.list());
  expect(models.map((entry) => entry.id)).toEqual(["holdfast-demo"]);
  expect(await (await fetch(new URL("/health", url))).json()).toEqual({ status: "ok" });
});

it("speaks at the configured pace, and does not wait for a client that has gone away", async () => {
  const { service, openai: slow } = await start({ HOLDFAST_DEMO_PACE_MS: "20" });
  const startedAt = performance.now();
  await slow.chat.completions.create(say("write 20 words"));
  expect(performance.now() - startedAt).toBeGreaterThan(20 * 18);
  const stream = await slow.chat.completions.create({ ...say("write 10000 words"), stream: true });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  expect(await service.stop(5_000)).toEqual({ code: 0, signal: null });
});

it("finishes the answer in progress before it ends on SIGTERM", async () => {
  const { service, openai: slow } = await start({ HOLDFAST_DEMO_PACE_MS: "5" });
  const stream = await slow.chat.completions.create({ ...say("write 100 words"), stream: true });
  let text = "";
  let ended: Promise<unknown> | undefined;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    if (text !== "") ended ??= service.stop();
  }
  expect(text).toBe(words(100));
  expect(await ended).toEqual({ code: 0, signal: null });
});

it("exits with 78 and every problem when the environment is wrong", async () => {
  const service = spawnService({
    name: "demo-model",
    entry: main,
    env: { DEMO_MODEL_PORT: "http", HOLDFAST_DEMO_PACE_MS: "-1" },
  });
  services.push(service);
  expect(await service.exit).toEqual({ code: 78, signal: null });
  expect(service.output.join("\n")).toMatch(/DEMO_MODEL_PORT[^]*HOLDFAST_DEMO_PACE_MS/);
});

it("answers many clients at once without mixing them up", async () => {
  const counts = Array.from({ length: 40 }, (_, index) => 200 + index);
  const texts = await Promise.all(
    counts.map(
      async (count) => (await openai.chat.completions.create(say(`write ${count} words`))).choices[0]?.message.content,
    ),
  );
  expect(texts).toEqual(counts.map(words));
});
