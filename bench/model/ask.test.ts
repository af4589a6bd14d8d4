import { expect, it } from "@jest/globals";
import { askOf, newestPrompt, promptOf } from "./ask.ts";

it("a prompt gives back what was asked for", () => {
  const ask = { tokens: 200, rate: 0.5, tag: "3-17" };
  expect(askOf(`please ${promptOf(ask)}`)).toEqual(ask);
});

it("what is not asked for is a short answer without pauses", () => {
  expect(askOf("hello")).toEqual({ tokens: 20, rate: 0, tag: "" });
});

it("the newest user message counts", () => {
  const messages = [
    { role: "user", content: "tokens=1" },
    { role: "assistant", content: "x" },
    { role: "user", content: "tokens=2" },
    { role: "system", content: "tokens=3" },
  ];
  expect(newestPrompt({ messages })).toBe("tokens=2");
  expect(newestPrompt({})).toBe('""');
});
