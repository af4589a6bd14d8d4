import { chatTopic, type ErrorEvent } from "@holdfast/protocol";
import { stampedWords, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Stage } from "../test-fixtures/stage.ts";
import type { Talk } from "../test-fixtures/talk.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

async function notices(talk: Talk): Promise<ErrorEvent[]> {
  return (await talk.events()).filter((event) => event.event === "error");
}

describe.each(["chat", "responses"] as const)("over the %s API", (api) => {
  it.each([408, 409, 429, 500, 503])("[worker.retry] tries again after %i, and says so", async (status) => {
    const worker = await stage.worker({ api });
    stage.model.enqueue({ status }, "fine");
    const talk = stage.talk();
    const { run, text } = await talk.ended(await talk.say("hi"));
    expect(text).toBe("fine");
    expect(run.attempt).toBe(1);
    expect(await notices(talk)).toMatchObject([
      { code: "model_retry", retryable: true, message: expect.stringContaining(String(status)), attempt: 1 },
    ]);
    expect(await worker.metrics.render()).toMatch(/holdfast_retries_total\{agent="assistant"\} 1/);
  });

  it("[worker.retry-exact] withdraws a broken sample before the next one begins, and mixes nothing", async () => {
    await stage.worker({ api });
    const talk = stage.talk();
    stage.model.script(({ call }) => {
      const words = stampedWords(40, call);
      if (call === 0) return { pieces: [...words.slice(0, 20), { breakConnection: true }] };
      if (call === 1) return { pieces: [...words.slice(0, 7), { error: "upstream is gone" }] };
      if (call === 2) return { pieces: words.slice(0, 9), finishReason: null };
      return { pieces: words };
    });
    const runId = await talk.say("hi");
    const { run, output } = await talk.ended(runId);
    expect(output?.text).toBe(stampedWords(40, 3).join(""));
    expect(run.attempt).toBe(4);
    const attempts = (await talk.events()).filter((event) => event.event === "attempt");
    expect(attempts.slice(1)).toMatchObject(
      [2, 3, 4].map((attempt) => ({ mode: "supersede", step: 0, keep_offset: 0, cause: "model_retry", attempt })),
    );
    for (const token of await talk.tokens(runId))
      expect(token.text.trim()).toMatch(new RegExp(`^${token.attempt - 1}\\.`));
    expect((await talk.shown(runId)).restarts).toHaveLength(3);
  });

  it("does not try again what was refused, and the conversation goes on", async () => {
    await stage.worker({ api });
    const talk = stage.talk();
    stage.model.enqueue({ status: 401, message: "Incorrect API key provided: sk-12345678" }, "fine");
    const { run, output } = await talk.ended(await talk.say("hi"));
    expect(run).toMatchObject({ status: "failed", error: { code: "model_error", retryable: false } });
    expect(run.error?.message).toMatch(/401/);
    expect(output).toBeUndefined();
    expect(await notices(talk)).toEqual([]);
    expect(JSON.stringify(await talk.events())).not.toContain("12345678");
    expect((await talk.ended(await talk.say("again"))).text).toBe("fine");
  });
});

it("[worker.gives-up] fails a run whose tries are used up, keeps its text, and dead-letters the message", async () => {
  const worker = await stage.worker({}, { retry: { retries: 2, baseMs: 5 } });
  stage.model.enqueue({ status: 500 }, ["half an ans", { breakConnection: true }], { status: 503 });
  const talk = stage.talk();
  const runId = await talk.say("hi");
  const { run, output } = await talk.ended(runId);
  expect(run).toMatchObject({ status: "failed", error: { code: "model_unavailable", retryable: true } });
  expect(output).toMatchObject({ text: "half an ans", finish_reason: "error" });
  expect(stage.model.requests).toHaveLength(3);
  const topic = `dlq:${chatTopic("assistant")}`;
  await until(async () => (await stage.entries(topic)).length === 1);
  const [letter] = await stage.entries(topic);
  expect(letter).toMatchObject({ error: expect.stringMatching(/^model_unavailable/), deliveries: "1" });
  expect(JSON.parse(letter?.["payload"] ?? "")).toMatchObject({ content: "hi", conversation_id: talk.id });
  expect(await worker.metrics.render()).toMatch(/holdfast_runs_errored_total\{agent="assistant"\} 1/);
  expect(await worker.metrics.render()).toMatch(/holdfast_dlq_size\{agent="assistant"\} 1/);
});

it("[worker.quiet-failures] keeps the provider's words, which may quote the request, out of all but debug logs", async () => {
  const worker = await stage.worker();
  const headers = { "retry-after-ms": "5" };
  stage.model.enqueue({ status: 503, headers, message: "cannot answer: tell me a secret" }, "fine");
  const talk = stage.talk();
  await talk.ended(await talk.say("tell me a secret"));
  const lines = worker.log().filter(({ level }) => level !== "debug");
  const expected = { error_code: "model_unavailable", status: 503, retry_after_ms: 5, retry: 0 };
  expect(lines.find(({ message }) => message === "model call failed")).toMatchObject(expected);
  expect(JSON.stringify(lines)).not.toMatch(/cannot answer|secret/);
});

it("waits as long as the provider asks", async () => {
  await stage.worker();
  stage.model.enqueue({ status: 429, headers: { "retry-after-ms": "400" } }, "fine");
  const talk = stage.talk();
  expect((await talk.ended(await talk.say("hi"))).text).toBe("fine");
  const [first, second] = stage.model.requests.map(({ receivedAtMs }) => receivedAtMs);
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(395);
});

it("counts silence as a broken stream, before the first word or after it", async () => {
  await stage.worker({}, { clientOf: stage.clients({ idleMs: 3_000 }) });
  stage.model.enqueue({ hang: true }, ["half", { hang: true }], "fine");
  const talk = stage.talk();
  expect((await talk.ended(await talk.say("hi"))).text).toBe("fine");
  expect((await notices(talk)).map(({ message }) => message)).toEqual([
    expect.stringContaining("said nothing"),
    expect.stringContaining("said nothing"),
  ]);
});

it("tries again a provider that cannot be reached", async () => {
  const clientOf = stage.clients({ baseUrl: "http://127.0.0.1:9/v1" });
  await stage.worker({}, { clientOf, retry: { retries: 1, baseMs: 5 } });
  const talk = stage.talk();
  const { run } = await talk.ended(await talk.say("hi"));
  expect(run.error).toMatchObject({ code: "model_unavailable", message: expect.stringContaining("cannot be reached") });
  expect(await notices(talk)).toHaveLength(1);
});

it("leaves out what a server does not know and asks again at once, without a notice", async () => {
  await stage.worker({ temperature: 0.3 });
  const refusal = (message: string) => ({ status: 400, message });
  stage.model.enqueue(
    refusal(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    ),
    refusal("Unrecognized request argument supplied: stream_options"),
    "fine",
    "again",
  );
  const talk = stage.talk();
  expect((await talk.ended(await talk.say("hi"))).text).toBe("fine");
  await talk.ended(await talk.say("once more"));
  expect(await notices(talk)).toEqual([]);
  const bodies = stage.model.requests.map(({ body }) => Object.keys(body as object));
  expect(bodies[0]).toEqual(expect.arrayContaining(["max_tokens", "stream_options", "temperature"]));
  for (const keys of bodies.slice(2)) {
    expect(keys).toContain("max_completion_tokens");
    expect(keys).not.toContain("max_tokens");
    expect(keys).not.toContain("stream_options");
  }
});
