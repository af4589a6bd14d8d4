import { PassThrough } from "node:stream";
import { expect, it } from "@jest/globals";
import { readFairly } from "./fair-reading.ts";

it("[mcp.fair] hands over every piece in its order, one in a turn, and lets others have their turn between", async () => {
  const stream = new PassThrough();
  const order: string[] = [];
  let turns = 0;
  const turn = () => {
    order.push("other");
    if ((turns += 1) < 50) setImmediate(turn);
  };
  const ended = new Promise((resolve) => void stream.on("end", resolve));
  for (const piece of ["a", "b", "c"]) stream.write(piece);
  readFairly(stream, (chunk) => order.push(String(chunk)));
  setImmediate(turn);
  stream.end("d");
  await ended;
  expect(order.filter((one) => one !== "other").join("")).toBe("abcd");
  expect(order.join(" ")).toMatch(/a (other )+.*d/);
});

it("reads a stream whose pieces take long only half of the time", async () => {
  const stream = new PassThrough();
  let workedMs = 0;
  const beganAt = performance.now();
  const ended = new Promise((resolve) => void stream.on("end", resolve));
  readFairly(stream, () => {
    const before = process.threadCpuUsage();
    while (process.threadCpuUsage(before).user < 30_000);
    workedMs += 30;
  });
  for (const piece of ["a", "b", "c"]) {
    stream.write(piece);
    await new Promise(setImmediate);
  }
  stream.end();
  await ended;
  // The last pause falls away with the stream.
  expect(performance.now() - beganAt).toBeGreaterThan(workedMs + 55);
});
