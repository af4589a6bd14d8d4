import { describe, expect, it } from "@jest/globals";
import { inBoundedTime, TookTooLong } from "./bounded-time.ts";

describe("work in bounded time", () => {
  it("answers and throws as the work does", () => {
    expect(inBoundedTime(() => ({ a: 1 }))).toEqual({ a: 1 });
    expect(() => inBoundedTime(() => JSON.parse("{") as unknown)).toThrow(SyntaxError);
  });

  it("[mcp.bounded-judgement] gives up a pattern that would take hours, and works again after it", () => {
    const slow = () => /^(a+)+$/.test(`${"a".repeat(60)}!`);
    expect(() => inBoundedTime(slow, 50)).toThrow(TookTooLong);
    expect(inBoundedTime(() => 5)).toBe(5);
  });

  it("can be asked within such work", () => {
    expect(inBoundedTime(() => inBoundedTime(() => 7))).toBe(7);
  });
});
