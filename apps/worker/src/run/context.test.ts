import type { HistoryRecord, Journal } from "@holdfast/bus";
import { expect, it } from "@jest/globals";
import { contextOf } from "./context.ts";
import { RunProgress } from "./run-progress.ts";

const call = (id: string) => ({ id, name: "t__x", arguments: "{}" });
const USAGE = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
const record = (model: HistoryRecord["model"]) => ({ model }) as HistoryRecord;
const NOTHING: Journal = { steps: [], results: new Map(), started: new Map(), steered: new Map() };

it("puts earlier turns, the message and the run's own steps in order", () => {
  const result = { tool_call_id: "b", status: "completed", text: "fine", shown: "fine", created_at: "" };
  const step = { step: 0, text: "let me see", calls: [call("b")], usage: USAGE, created_at: "", provider: { any: 1 } };
  const progress = new RunProgress({
    steps: [step],
    results: new Map([["b", result]]),
    started: new Map(),
    steered: new Map(),
  });
  const history = [
    record({ role: "user", content: "one" }),
    record({ role: "assistant", content: "1", calls: [], provider: { any: 0 } }),
  ];
  expect(contextOf(history, "two", progress)).toEqual([
    { role: "user", content: "one" },
    { role: "assistant", content: "1", calls: [] },
    { role: "user", content: "two" },
    { role: "assistant", content: "let me see", calls: [call("b")], provider: { any: 1 } },
    { role: "tool", tool_call_id: "b", content: "fine" },
  ]);
});

it("gives every call exactly one result, right behind it, and drops results without a call", () => {
  const history = [
    record({ role: "user", content: "go" }),
    record({ role: "assistant", content: "", calls: [call("a"), call("b")] }),
    record({ role: "tool", tool_call_id: "b", content: "B" }),
    record({ role: "tool", tool_call_id: "stray", content: "S" }),
    record({ role: "assistant", content: "done", calls: [] }),
    record({ role: "tool", tool_call_id: "a", content: "too late" }),
  ];
  const context = contextOf(history, "next", new RunProgress(NOTHING));
  expect(context.filter((message) => message.role === "tool")).toEqual([
    { role: "tool", tool_call_id: "a", content: expect.stringContaining("unknown") },
    { role: "tool", tool_call_id: "b", content: "B" },
  ]);
  expect(context.map((message) => message.role)).toEqual(["user", "assistant", "tool", "tool", "assistant", "user"]);
});
