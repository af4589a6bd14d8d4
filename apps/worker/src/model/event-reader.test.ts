import { describe, expect, it } from "@jest/globals";
import { EventReader, type ModelEvent } from "./event-reader.ts";

const STREAM =
  'data: {"a":1}\n\n: sign of life\r\n\r\nevent: error\rdata:two\ndata: lines\n\nid: 4\n\ndata: [DONE]\r\n\r\n';
const EVENTS = [
  { name: "", data: '{"a":1}' },
  { name: "error", data: "two\nlines" },
  { name: "", data: "[DONE]" },
];

function read(chunks: readonly string[]): ModelEvent[] {
  const reader = new EventReader();
  return chunks.flatMap((chunk) => reader.push(chunk));
}

describe("events of a model's stream", () => {
  it("are the same whatever the line ends and wherever the chunks are cut", () => {
    expect(read([STREAM])).toEqual(EVENTS);
    for (let first = 0; first < STREAM.length; first += 1)
      for (let second = first; second < STREAM.length; second += 1) {
        const chunks = [STREAM.slice(0, first), STREAM.slice(first, second), STREAM.slice(second)];
        expect([chunks, read(chunks.filter((chunk) => chunk !== ""))]).toEqual([chunks, EVENTS]);
      }
    expect(read(STREAM.split(""))).toEqual(EVENTS);
  });

  it("are not there before their blank line", () => {
    expect(read(["data: half"])).toEqual([]);
    expect(read(["data: half", "\n", "\n"])).toEqual([{ name: "", data: "half" }]);
  });
});
