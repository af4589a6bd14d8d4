import { expect, it } from "@jest/globals";
import { sentUsAt, sequenceAt, STAMP_LENGTH, stampOf } from "./stamp.ts";

it("a token is as wide as every other and gives back its number and its time", () => {
  const text = stampOf(0, 7) + stampOf(99_999, 1_234_567_890_123);
  expect(text).toHaveLength(2 * STAMP_LENGTH);
  expect([sequenceAt(text, 0), sentUsAt(text, 0)]).toEqual([0, 7]);
  expect([sequenceAt(text, STAMP_LENGTH), sentUsAt(text, STAMP_LENGTH)]).toEqual([99_999, 1_234_567_890_123]);
});

it("text that is cut or is something else is no token", () => {
  const text = stampOf(12, 345);
  expect(sequenceAt(text, 1)).toBe(-1);
  expect(sequenceAt("#12x45", 0)).toBe(-1);
  expect(sequenceAt(text.replace("#", "0"), 0)).toBe(-1);
  expect(sentUsAt(text.slice(0, -1), 0)).toBe(-1);
});
