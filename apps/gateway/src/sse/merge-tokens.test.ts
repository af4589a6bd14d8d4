import { expect, it } from "@jest/globals";
import { mergeTokens } from "./merge-tokens.ts";

/** In the order in which the bus writes them. */
const tokenEvent = (
  index: number,
  offset: number,
  text: string,
  more: { channel?: string; step?: number } & object,
) => {
  const { channel, step = 0, ...rest } = more;
  const said = { event: "token", step, index, offset, text, ...(channel ? { channel } : {}) };
  return { ...said, conversation_id: "c", run_id: "r", attempt: 1, ...rest };
};
let seq = 0;
const line = (event: object) => ({ id: `1-${(seq += 1)}`, payload: JSON.stringify(event) });
const token = (offset: number, text: string, more: object = {}) => line(tokenEvent(offset, offset, text, more));
const texts = (lines: readonly { payload: string }[]) =>
  lines.map(({ payload }) => (JSON.parse(payload) as { text?: string }).text);

it("joins tokens that continue each other, under the first's offset and index and the last's id", () => {
  const lines = [token(3, "👩"), token(5, "ab"), token(7, "c")];
  const merged = mergeTokens(lines);
  expect(merged).toEqual([{ id: lines[2]?.id, payload: JSON.stringify(tokenEvent(3, 3, "👩abc", {})) }]);
});

it("leaves a token alone as it was written", () => {
  const lines = [{ id: "1-1", payload: '{"event":"token",  "offset":0,"text":"a"}' }];
  expect(mergeTokens(lines)).toEqual(lines);
});

it.each([
  ["another run", { run_id: "other" }],
  ["another attempt", { attempt: 2 }],
  ["another step", { step: 1 }],
  ["another channel", { channel: "reasoning" }],
])("does not join over %s, nor back", (_what, more) => {
  expect(texts(mergeTokens([token(0, "a"), token(1, "b", more), token(2, "c")]))).toEqual(["a", "b", "c"]);
});

it("counts what is escaped in JSON as the characters that it stands for", () => {
  const pieces = ['"', "\\", '",', "\n", "\u0001", '","conversation_id":"', "é", "😀", "\ud800", "end"];
  let offset = 0;
  const lines = pieces.map((piece) => {
    const one = token(offset, piece);
    offset += piece.length;
    return one;
  });
  expect(texts(mergeTokens(lines))).toEqual([pieces.join("")]);
});

it("does not join over a hole, a repetition or another event", () => {
  expect(texts(mergeTokens([token(0, "a"), token(2, "b")]))).toEqual(["a", "b"]);
  expect(texts(mergeTokens([token(0, "a"), token(0, "a")]))).toEqual(["a", "a"]);
  const between = line({ event: "error", message: '"event":"token"' });
  expect(mergeTokens([token(0, "a"), between, token(1, "b")])).toHaveLength(3);
});

it("bounds a frame, and loses nothing", () => {
  const lines = Array.from({ length: 30 }, (_, n) => token(n * 1000, "x".repeat(1000)));
  const merged = mergeTokens(lines);
  expect(merged.length).toBeGreaterThan(2);
  expect(merged.length).toBeLessThan(6);
  expect(texts(merged).join("")).toHaveLength(30_000);
  expect(merged.at(-1)?.id).toBe(lines.at(-1)?.id);
});

it("passes on what is not JSON", () => {
  const lines = [{ id: "1-1", payload: '{"event":"token"' }];
  expect(mergeTokens(lines)).toEqual(lines);
});
