import { chatTopic, newUuid } from "@holdfast/protocol";
import { gate, until } from "@holdfast/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import { Stage } from "../test-fixtures/stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.clear());
afterAll(() => stage.close());

describe.each(["chat", "responses"] as const)("over the %s API", (api) => {
  it("[worker.answer] streams the model's answer and ends with the same text, its hash and usage", async () => {
    await stage.worker({ api, instructions: "Be brief." });
    stage.model.enqueue(["Hel", "lo ", "😀", " there"]);
    const talk = stage.talk();
    const runId = await talk.say("hi");
    const { run, output } = await talk.ended(runId);
    expect(run).toMatchObject({ status: "completed", attempt: 1, agent: "assistant" });
    expect(output).toMatchObject({
      text: "Hello 😀 there",
      text_length: 14,
      text_sha256: createHash("sha256").update("Hello 😀 there").digest("hex"),
      finish_reason: "stop",
      attempt: 1,
    });
    expect(output?.usage.total_tokens).toBeGreaterThan(0);
    const kinds = (await talk.events()).map((event) => event.event);
    expect(kinds.filter((kind) => kind !== "token")).toEqual([
      "user_message",
      "run",
      "run",
      "attempt",
      "output",
      "run",
    ]);
    expect((await talk.events())[3]).toMatchObject({
      mode: "start",
      step: 0,
      keep_offset: 0,
      cause: "claim",
      attempt: 1,
    });
    expect(stage.model.requests[0]?.request.messages).toEqual([
      { role: "system", text: "Be brief." },
      { role: "user", text: "hi" },
    ]);
  });

  it("keeps the conversation as the model's context", async () => {
    await stage.worker({ api });
    const talk = stage.talk();
    stage.model.enqueue("one", "two");
    await talk.ended(await talk.say("first"));
    await talk.ended(await talk.say("second"));
    expect(stage.model.requests[1]?.request.messages.slice(1)).toMatchObject([
      { role: "user", text: "first" },
      { role: "assistant", text: "one" },
      { role: "user", text: "second" },
    ]);
    expect(await talk.history()).toEqual([
      { role: "user", content: "first" },
      { role: "assistant", content: "one" },
      { role: "user", content: "second" },
      { role: "assistant", content: "two" },
    ]);
  });

  it("streams what a model thinks on a channel of its own", async () => {
    await stage.worker({ api });
    stage.model.enqueue([{ reasoning: "hm, " }, { reasoning: "easy" }, "42"]);
    const talk = stage.talk();
    const runId = await talk.say("6 times 7?");
    await talk.ended(runId);
    expect((await talk.shown(runId)).steps[0]).toMatchObject({ reasoning: "hm, easy", text: "42" });
  });

  it("[worker.limits] ends a run incomplete where the model's answer was cut off", async () => {
    await stage.worker({ api });
    const talk = stage.talk();
    stage.model.enqueue(
      { pieces: ["cut"], finishReason: "length" },
      { pieces: ["bad"], finishReason: "content_filter" },
    );
    const long = await talk.ended(await talk.say("long?"));
    expect(long.run).toMatchObject({ status: "incomplete", reason: "max_output_tokens" });
    expect(long.output).toMatchObject({ text: "cut", finish_reason: "length" });
    const filtered = await talk.ended(await talk.say("bad?"));
    expect(filtered.run).toMatchObject({ status: "incomplete", reason: "content_filter" });
    expect(filtered.output).toMatchObject({ finish_reason: "content_filter" });
  });
});

describe("messages", () => {
  it("[worker.bare-xadd] runs a bare XADD like any message, and the same id once", async () => {
    const talk = stage.talk();
    const id = newUuid();
    const payload = JSON.stringify({ conversation_id: talk.id, content: "by hand" });
    await stage.bus.queues.publish(chatTopic("assistant"), id, payload, {});
    await stage.bus.queues.publish(chatTopic("assistant"), id, payload, {});
    stage.model.script(() => "once");
    await stage.worker();
    await until(async () => (await stage.entries(chatTopic("assistant"))).length === 0);
    const events = await talk.events();
    expect(events.filter((event) => event.event === "user_message")).toMatchObject([
      { message_id: id, content: "by hand" },
    ]);
    expect(events.filter((event) => event.event === "output")).toHaveLength(1);
    expect(stage.model.requests).toHaveLength(1);
  });

  it("[worker.turn-order] runs the turns of a conversation in order, one at a time, whichever worker has them", async () => {
    const workers = [await stage.worker(), await stage.worker()];
    let most = 0;
    stage.model.script(({ request }) => {
      most = Math.max(most, stage.model.requests.filter(({ state }) => state === "open").length);
      return { pieces: ["answer to ", request.messages.at(-1)?.text ?? ""], delayMs: 5 };
    });
    const talk = stage.talk();
    const runs: string[] = [];
    for (let turn = 0; turn < 8; turn += 1) runs.push(await talk.say(`turn ${turn}`));
    for (const [turn, runId] of runs.entries()) expect((await talk.ended(runId)).text).toBe(`answer to turn ${turn}`);
    expect(most).toBe(1);
    const order = (await talk.events()).filter((event) => event.event === "output").map((event) => event.run_id);
    expect(order).toEqual(runs);
    await until(async () => (await stage.entries(chatTopic("assistant"))).length === 0);
    await Promise.all(workers.map((worker) => worker.stop()));
  });

  it("[worker.parallel] answers many conversations at once, up to its limit", async () => {
    await stage.worker({}, { concurrency: 3 });
    const held = gate();
    let open = 0;
    stage.model.script(() => {
      open += 1;
      return [{ waitFor: held }, "done"];
    });
    const talks = Array.from({ length: 5 }, () => stage.talk());
    const runs = await Promise.all(talks.map((talk) => talk.say("go")));
    await until(() => open === 3);
    held.open();
    await Promise.all(talks.map((talk, at) => talk.ended(runs[at] ?? "")));
    expect(open).toBe(5);
  });
});

describe("what cannot be a message", () => {
  it("[worker.garbage] goes to the dead letters, and the worker goes on", async () => {
    await stage.worker();
    stage.model.script(() => "fine");
    const topic = chatTopic("assistant");
    const id = newUuid();
    await stage.bus.queues.publish(topic, "", "not json", {});
    await stage.bus.queues.publish(topic, "7", JSON.stringify({ conversation_id: newUuid(), content: "x" }), {});
    await stage.bus.queues.publish(topic, id, "[]", {});
    const talk = stage.talk();
    expect((await talk.ended(await talk.say("still there?"))).text).toBe("fine");
    await until(async () => (await stage.entries(`dlq:${topic}`)).length === 3);
    const letters = await stage.entries(`dlq:${topic}`);
    expect(letters.map(({ payload }) => payload)).toEqual(expect.arrayContaining(["not json", "[]"]));
    expect(letters.map(({ error }) => error?.split(":")[0])).toEqual(
      expect.arrayContaining(["malformed_json", "malformed_id"]),
    );
    await until(async () => (await stage.entries(topic)).length === 0);
  });

  it("[worker.garbage-shown] shows the user a failed run where the conversation is known", async () => {
    await stage.worker();
    stage.model.script(() => "fine");
    const talk = stage.talk();
    await talk.ended(await talk.say("hi"));
    const topic = chatTopic("assistant");
    await stage.bus.queues.publish(topic, newUuid(), JSON.stringify({ conversation_id: talk.id, content: 7 }), {});
    await stage.bus.queues.publish(topic, "no uuid", JSON.stringify({ conversation_id: talk.id, content: "x" }), {});
    await until(async () => (await stage.entries(`dlq:${topic}`)).length === 2);
    const failed = (await talk.events()).filter((event) => event.event === "run" && event.status === "failed");
    expect(failed).toMatchObject([
      { error: { code: "invalid_envelope", retryable: false } },
      { error: { code: "malformed_id", retryable: false } },
    ]);
    expect((await talk.ended(await talk.say("and now?"))).text).toBe("fine");
    const told = stage.model.requests.at(-1)?.request.messages.map(({ role, text }) => `${role}: ${text}`);
    expect(told?.slice(1)).toEqual(["user: hi", "assistant: fine", "user: and now?"]);
    const published = await stage.entries(chatTopic(talk.id));
    expect(JSON.stringify(published)).not.toContain("invalid_envelope");
  });

  it("[worker.no-forged-refusal] lets nobody mark a message as unreadable", async () => {
    await stage.worker();
    stage.model.enqueue("fine");
    const talk = stage.talk();
    const id = newUuid();
    const refusal = { code: "internal", message: "forged" };
    const metadata = { holdfast_unreadable: refusal, refusal };
    const payload = JSON.stringify({ conversation_id: talk.id, content: "hi", metadata, refusal });
    await stage.bus.queues.publish(chatTopic("assistant"), id, payload, {});
    const ends = async () => (await talk.events()).filter((event) => event.event === "run").at(-1);
    await until(async () => ["completed", "failed"].includes((await ends())?.status ?? ""));
    expect(await ends()).toMatchObject({ status: "completed", message_id: id });
  });

  it("dead-letters an id that was used for another message", async () => {
    await stage.worker();
    stage.model.script(() => "first");
    const talk = stage.talk();
    const topic = chatTopic("assistant");
    const id = newUuid();
    const send = (content: string) =>
      stage.bus.queues.publish(topic, id, JSON.stringify({ conversation_id: talk.id, content }), {});
    await send("one");
    await send("another");
    await until(async () => (await stage.entries(`dlq:${topic}`)).length === 1);
    expect((await stage.entries(`dlq:${topic}`))[0]?.["error"]).toMatch(/^idempotency_conflict/);
    expect((await talk.events()).filter((event) => event.event === "user_message")).toHaveLength(1);
  });
});

it("[worker.one-line] logs one line per run, with its ids and never its content", async () => {
  const worker = await stage.worker();
  stage.model.enqueue({ pieces: ["an undisclosed ", "answer"] });
  const talk = stage.talk();
  const runId = await talk.say("a very private matter");
  await talk.ended(runId);
  await until(() => worker.log().some((line) => line["message"] === "run"));
  const lines = worker.log();
  expect(lines.filter((line) => line["run_id"] === runId)).toMatchObject([
    { message: "run", conversation_id: talk.id, agent: "assistant", status: "completed", attempt: 1, steps: 1 },
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/private|undisclosed/);
  expect(await worker.metrics.render()).toMatch(/holdfast_runs_started_total\{agent="assistant"\} 1/);
  expect(await worker.metrics.render()).toMatch(
    /holdfast_runs_completed_total\{agent="assistant",status="completed"\} 1/,
  );
  expect(await worker.metrics.render()).toMatch(/holdfast_queue_lag\{agent="assistant"\} 0/);
});
