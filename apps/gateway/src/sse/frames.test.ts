import { expect, it } from "@jest/globals";
import { Frames } from "./frames.ts";

it("frames a line as id, data and a blank line", () => {
  const frames = Frames.ofLines([
    { id: "1-1", payload: '{"a":1}' },
    { id: "1-2", payload: '{"b":2}' },
  ]);
  expect(frames.body.toString("utf8")).toBe('id: 1-1\ndata: {"a":1}\n\nid: 1-2\ndata: {"b":2}\n\n');
});

it("counts the bytes of a chunk, not its characters", () => {
  const payload = '{"text":"é東👩‍🚀"}';
  const { chunk, body } = Frames.ofLines([{ id: "1-1", payload }]);
  expect(chunk.toString("utf8")).toBe(`${body.length.toString(16)}\r\nid: 1-1\ndata: ${payload}\n\n\r\n`);
  expect(body.length).toBeGreaterThan(`id: 1-1\ndata: ${payload}\n\n`.length);
});

it("keeps a payload that was written over several lines on one", () => {
  const { body } = Frames.ofLines([{ id: "1-1", payload: '{\r\n  "a": 1\n}' }]);
  expect(body.toString("utf8")).toBe('id: 1-1\ndata: {   "a": 1 }\n\n');
});
