import { expect, it } from "@jest/globals";
import { curve, ticksFor } from "./curve.ts";

it("ticks are round numbers that hold all values between them", () => {
  expect(ticksFor([3, 118], false)).toEqual([0, 50, 100, 150]);
  expect(ticksFor([0.3, 112], true)).toEqual([0.1, 1, 10, 100, 1000]);
});

it("greater values are higher, and what is said twice agrees", () => {
  const points = [
    { x: 200, y: 10 },
    { x: 500, y: 40 },
  ];
  const svg = curve({ title: "a < b", xTitle: "chats", yTitle: "ms", lines: [{ name: "naive", color: 2, points }] });
  expect(svg).toContain("a &lt; b");
  expect(svg).toContain("10 · 40");
  const [, path = ""] = /points="([^"]+)"/.exec(svg) ?? [];
  const [first = 0, second = 0] = path.split(" ").map((point) => Number(point.split(",")[1]));
  expect(second).toBeLessThan(first);
});

it("is readable on light and on dark pages", () => {
  const svg = curve({ title: "", xTitle: "", yTitle: "", lines: [{ name: "", color: 1, points: [{ x: 1, y: 0 }] }] });
  expect(svg).toContain("prefers-color-scheme: dark");
  expect(svg).not.toContain("NaN");
});
