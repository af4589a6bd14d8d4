import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type SseMessage, SseParser } from "./sse-parser.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => new SseParser().push(bytesOf(text));

/** Cuts `bytes` at the given places, taken modulo its length. */
function chunksOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length));
}

describe("the SSE parser", () => {
  it("keeps the last id in force and joins data lines with a newline", () => {
    expect(parse("id: 1-1\ndata: a\ndata:b\n\ndata\n\n")).toEqual([
      { id: "1-1", data: "a\nb" },
      { id: "1-1", data: "" },
    ]);
  });

  it("drops comments, unknown fields, ids with a NUL and blocks without data", () => {
    expect(parse(": heartbeat\n\nevent: x\nwhat: y\nid: 1\0\n\ndata: z\n\n")).toEqual([{ id: "", data: "z" }]);
  });

  it("takes retry only when it is all digits", () => {
    const parser = new SseParser();
    parser.push(bytesOf("retry: 1s\n\n"));
    expect(parser.retryMs).toBeUndefined();
    parser.push(bytesOf("retry: 250\n\n"));
    expect(parser.retryMs).toBe(250);
  });

  it("skips a byte order mark and dispatches nothing of an unfinished message", () => {
    expect(parse("\ufeffdata: a\n\ndata: b\n")).toEqual([{ id: "", data: "a" }]);
  });

  it("takes only one space after the colon as decoration", () => {
    expect(parse("data:  a\n\n")).toEqual([{ id: "", data: " a" }]);
  });

  it("[client.sse-chunks] reads the same messages in any chunking and with any line ends", () => {
    const lineEnd = fc.constantFrom("\n", "\r", "\r\n");
    const message = fc.record({
      id: fc.nat(),
      data: fc.array(
        fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)),
        { minLength: 1, maxLength: 3 },
      ),
      noise: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(message), lineEnd, fc.array(fc.nat(), { maxLength: 40 }), (messages, end, cuts) => {
        const lines = messages.flatMap(({ id, data, noise }) => [
          ...(noise ? [": hb", ""] : []),
          `id: ${id}`,
          ...data.map((line) => `data: ${line}`),
          "",
        ]);
        const parser = new SseParser();
        const read: SseMessage[] = [];
        for (const chunk of chunksOf(bytesOf(lines.map((line) => line + end).join("")), cuts))
          read.push(...parser.push(chunk));
        expect(read).toEqual(messages.map(({ id, data }) => ({ id: String(id), data: data.join("\n") })));
      }),
    );
  });
});
