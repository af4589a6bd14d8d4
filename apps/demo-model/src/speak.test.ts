import { expect, it } from "@jest/globals";
import type { ModelRequest, ReplyPart } from "@holdfast/model-wire";
import { speak } from "./speak.ts";

const request: ModelRequest = {
  api: "chat",
  model: "demo",
  isStreamed: true,
  includeUsage: true,
  maxOutputTokens: undefined,
  messages: [{ role: "user", text: "say something" }],
  tools: [],
};
const never = new AbortController().signal;

it("says reasoning, text and calls in this order and counts every token", async () => {
  const plan = { reasoning: "hm so", text: "let us", calls: [{ name: "look", arguments: {} }] };
  const parts = await Array.fromAsync(speak(plan, request, { paceMs: 0, signal: never }));
  expect(parts.map((part) => part.type)).toEqual([
    "reasoning",
    "reasoning",
    "text",
    "text",
    "tool_call",
    "tool_arguments",
    "tool_arguments",
    "finish",
  ]);
  expect(parts.at(-1)).toEqual({
    type: "finish",
    reason: "tool_calls",
    usage: { inputTokens: 2, outputTokens: 7, reasoningTokens: 2 },
  });
});

it.each([0, 20])("says nothing more once it is aborted, at a pace of %i ms", async (paceMs) => {
  const stop = new AbortController();
  const said: ReplyPart[] = [];
  const speaking = (async () => {
    for await (const part of speak({ text: "word ".repeat(1_000) }, request, { paceMs, signal: stop.signal })) {
      said.push(part);
      if (said.length === 3) stop.abort();
    }
  })();
  await expect(speaking).rejects.toMatchObject({ name: "AbortError" });
  expect(said).toHaveLength(3);
});

it("is not held up by a pause that is due when it is aborted", async () => {
  const stop = new AbortController();
  const speaking = speak({ text: "word" }, request, { paceMs: 60_000, signal: stop.signal }).next();
  stop.abort();
  await expect(speaking).rejects.toMatchObject({ name: "AbortError" });
});
