import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { LiveOutput } from "./live-output.ts";

describe("LiveOutput", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it("[terminal.live] hands over at most ten pieces in any second and loses nothing", () => {
    const pieces: { at: number; stream: string; text: string }[] = [];
    const live = new LiveOutput((stream, text) => pieces.push({ at: Date.now(), stream, text }));
    for (let count = 0; count < 500; count += 1) {
      live.add("stdout", `o${count};`);
      live.add("stderr", `e${count};`);
      jest.advanceTimersByTime(7);
    }
    live.finish();

    for (const { at } of pieces) {
      expect(pieces.filter((other) => other.at >= at && other.at <= at + 1000).length).toBeLessThanOrEqual(10);
    }
    const printed = (prefix: string) => Array.from({ length: 500 }, (_, count) => `${prefix}${count};`).join("");
    const shown = (stream: string) => pieces.filter((piece) => piece.stream === stream).map((piece) => piece.text);
    expect(shown("stdout").join("")).toBe(printed("o"));
    expect(shown("stderr").join("")).toBe(printed("e"));
    expect(shown("stderr").length).toBeGreaterThan(5);
  });

  it("hands over nothing after it has finished, and no empty piece", () => {
    const pieces: string[] = [];
    const live = new LiveOutput((_, text) => pieces.push(text));
    live.add("stdout", "");
    live.add("stdout", "a");
    live.finish();
    expect(pieces).toEqual(["a"]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
