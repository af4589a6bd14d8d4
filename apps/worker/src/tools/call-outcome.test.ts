import type { ToolResult } from "@holdfast/protocol";
import { newUuid } from "@holdfast/protocol";
import { expect, it } from "@jest/globals";
import { capped, outcomeOf, outcomeUnknown, summaryOf, wordsForModel, wordsForPeople } from "./call-outcome.ts";

const result = (fields: Partial<ToolResult>): ToolResult => ({
  event: "tool_result",
  id: newUuid(),
  tool_call_id: "a",
  status: "completed",
  content: [],
  duration_ms: 1,
  ...fields,
});
const told = (fields: Partial<ToolResult>) => wordsForModel(outcomeOf(result(fields)));

it("tells the model what a tool said, by text or by structure", () => {
  const text = (value: string) => ({ type: "text", text: value });
  expect(told({ content: [text("one"), { type: "image" }, text("two")] })).toBe("one\n[image]\ntwo");
  expect(told({ structured: { sum: 3 } })).toBe('{"sum":3}');
  expect(told({})).toBe("(no output)");
});

it("never lets the model take a failure or an unknown outcome for a result", () => {
  const content = [{ type: "text", text: "half of it" }];
  const error = { code: "timed_out", message: "Too slow." };
  expect(told({ status: "failed", content, error })).toBe("Error: Too slow. [timed_out]\nhalf of it");
  expect(told({ status: "failed", content })).toMatch(/^Error: /);
  expect(wordsForModel(outcomeUnknown("The runner is gone."))).toMatch(
    /^The outcome of this call is unknown: The runner/,
  );
});

it("shows people the error where there is nothing else to show, in one line for a summary", () => {
  expect(wordsForPeople(outcomeUnknown("The runner is gone."))).toBe("The runner is gone.");
  expect(summaryOf("a\n  b\tc ")).toBe("a b c");
  expect(summaryOf("x".repeat(500))).toHaveLength(200);
});

it("keeps head and tail of what is too long, and cuts no character in two", () => {
  const long = capped(`head ${"😀".repeat(2_000)} tail`, 1_001);
  expect(long).toMatch(/^head .*\[… \d+ characters left out …\].* tail$/s);
  expect(long.isWellFormed()).toBe(true);
  expect(capped("short", 1_000)).toBe("short");
});
