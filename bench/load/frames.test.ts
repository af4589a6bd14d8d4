import { expect, it } from "@jest/globals";
import { dataOf, FrameSplitter, idOf, plainField } from "./frames.ts";

it("events are found however the stream is cut", () => {
  const wire = "retry: 1000\n\nid: 1-1\ndata: {}\n\n: beat\n\nid: 1-2\ndata: [DONE]\n\n";
  for (let cut = 0; cut <= wire.length; cut += 1) {
    const frames: string[] = [];
    const splitter = new FrameSplitter();
    for (const part of [wire.slice(0, cut), wire.slice(cut)]) splitter.feed(part, (frame) => frames.push(frame));
    expect(frames).toEqual(["retry: 1000", "id: 1-1\ndata: {}", ": beat", "id: 1-2\ndata: [DONE]"]);
  }
});

it("an event gives its id and its data", () => {
  expect([idOf("id: 1-1\ndata: {}"), dataOf("id: 1-1\ndata: {}")]).toEqual(["1-1", "{}"]);
  expect([idOf("data: {}"), dataOf("data: {}")]).toEqual([undefined, "{}"]);
  expect([idOf(": beat"), dataOf(": beat")]).toEqual([undefined, ""]);
});

it("a field is read without parsing", () => {
  expect(plainField('data: {"a":1,"text":"#0"}', "text")).toBe("#0");
  expect(plainField('data: {"a":1}', "text")).toBeUndefined();
});
