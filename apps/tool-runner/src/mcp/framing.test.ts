import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Frame } from "./frame.ts";
import { createParser, encodeMessage, type Framing } from "./framing.ts";

const bytes = (text: string) => Buffer.from(text);
const message = (value: object): Frame => ({ kind: "message", value });

function parse(framing: Framing, input: Uint8Array, cuts: readonly number[] = [], maxBytes?: number): Frame[] {
  const parser = createParser(framing, maxBytes);
  const borders = [0, ...cuts.map((cut) => cut % (input.length + 1)).toSorted((a, b) => a - b), input.length];
  const frames = borders.slice(1).flatMap((to, index) => parser.push(input.subarray(borders[index], to)));
  return [...frames, ...parser.end()];
}

const anyMessage = fc.dictionary(fc.string(), fc.jsonValue({ noNegativeZero: true } as never), {
  noNullPrototype: true,
});
const anyCuts = fc.array(fc.nat(), { maxLength: 20 });

describe("both framings", () => {
  for (const framing of ["newline", "content-length"] as const) {
    it(`[mcp.framing] reads back every message however the ${framing} bytes are split`, () => {
      fc.assert(
        fc.property(fc.array(anyMessage, { maxLength: 6 }), anyCuts, (messages, cuts) => {
          const stream = Buffer.concat(messages.map((value) => encodeMessage(framing, value)));
          const expected = messages.map((value) => message(JSON.parse(JSON.stringify(value)) as object));
          expect(parse(framing, stream, cuts)).toEqual(expected);
        }),
      );
    });

    it(`never throws on arbitrary ${framing} bytes, and their splitting changes nothing`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), anyCuts, (input, cuts) => {
          expect(parse(framing, input, cuts, 100)).toEqual(parse(framing, input, [], 100));
        }),
      );
    });

    it(`takes linear time for a large ${framing} message in small pieces`, () => {
      const stream = encodeMessage(framing, { text: "x".repeat(8_000_000) });
      const parser = createParser(framing);
      const frames: Frame[] = [];
      const startedAt = performance.now();
      for (let at = 0; at < stream.length; at += 1024) frames.push(...parser.push(stream.subarray(at, at + 1024)));
      expect(frames).toHaveLength(1);
      // Quadratic buffering takes tens of seconds here.
      expect(performance.now() - startedAt).toBeLessThan(3000);
    });
  }
});

describe("newline framing", () => {
  it("takes CRLF, blank lines, a byte order mark and several messages in one chunk as normal", () => {
    const stream = bytes('\ufeff{"a":1}\r\n\r\n  \n\ufeff{"b":2}\n{"c":3}\n');
    expect(parse("newline", stream)).toEqual([message({ a: 1 }), message({ b: 2 }), message({ c: 3 })]);
  });

  it("skips text that is no JSON object and counts it as noise", () => {
    const frames = parse("newline", bytes('Server started\n{"a":1}\n{broken\n42\n"text"\n[{"b":2}]\n'));
    expect(frames.map(({ kind }) => kind)).toEqual(["noise", "message", "noise", "noise", "noise", "message"]);
    expect(frames[0]).toMatchObject({ bytes: 14, sample: "Server started" });
  });

  it("reads a last message without its newline when the stream ends", () => {
    expect(parse("newline", bytes('{"a":1}'))).toEqual([message({ a: 1 })]);
  });

  it("keeps a message whole whose line separators are inside a string", () => {
    expect(parse("newline", bytes('{"a":"\u2028\u2029\\n"}\n'))).toEqual([message({ a: "\u2028\u2029\n" })]);
  });

  for (const [where, line] of [
    ["before the result", `{"jsonrpc":"2.0","id":7,"result":{"text":"${"x".repeat(200)}","id":8}}`],
    ["after the result", `{"result":{"id":9,"text":"${"x".repeat(200)}"},"jsonrpc":"2.0","id":7}`],
    ["after the result and before the version", `{"result":{"text":"${"x".repeat(200)}"},"id":7,"jsonrpc":"2.0"}`],
  ] as const) {
    it(`[mcp.oversize] skips a line over the cap, tells the id it answers (${where}), and reads the next`, () => {
      for (const cuts of [[], [40, 100, 150]]) {
        const frames = parse("newline", bytes(`${line}\n{"a":1}\n`), cuts, 100);
        expect(frames).toEqual([{ kind: "oversize", bytes: line.length, id: 7 }, message({ a: 1 })]);
      }
    });
  }

  it("does not take an id from inside an oversize result", () => {
    const line = `{"jsonrpc":"2.0","result":{"text":"${"x".repeat(200)}","id":8}}`;
    expect(parse("newline", bytes(`${line}\n`), [], 100)).toEqual([{ kind: "oversize", bytes: line.length }]);
  });
});

describe("content-length framing", () => {
  const frame = (header: string, body = '{"a":1}') => bytes(`${header}\r\n\r\n${body}`);

  for (const header of [
    "Content-Length: 7",
    "content-length:7",
    "CONTENT-LENGTH:   0000000007  ",
    "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 7",
  ]) {
    it(`takes the header ${JSON.stringify(header)}`, () => {
      expect(parse("content-length", frame(header), [3, 9])).toEqual([message({ a: 1 })]);
    });
  }

  for (const [fault, header] of [
    ["no Content-Length", "Content-Type: text/plain"],
    ["two of them", "Content-Length: 7\r\nContent-Length: 7"],
    ["no number", "Content-Length: seven"],
    ["a sign", "Content-Length: +7"],
    ["an empty value", "Content-Length:"],
    ["eleven digits", "Content-Length: 00000000007"],
    ["a length over the cap", "Content-Length: 101"],
    ["no colon", "Content-Length 7"],
    ["a space in the name", "Content Length: 7"],
    ["8 KiB of header", `X-Long: ${"x".repeat(8200)}\r\nContent-Length: 7`],
  ] as const) {
    it(`[mcp.framing] ends the connection on a header with ${fault}`, () => {
      const frames = parse("content-length", Buffer.concat([frame(header), frame("Content-Length: 7")]), [], 100);
      expect(frames.map(({ kind }) => kind)).toEqual(["fatal"]);
    });
  }

  it("counts bytes, not characters", () => {
    const body = '{"a":"é😀"}';
    expect(parse("content-length", frame(`Content-Length: ${Buffer.byteLength(body)}`, body))).toEqual([
      message({ a: "é😀" }),
    ]);
  });

  it("takes a body that is no JSON as noise and goes on behind it", () => {
    const stream = Buffer.concat([frame("Content-Length: 3", "abc"), frame("Content-Length: 7")]);
    expect(parse("content-length", stream).map(({ kind }) => kind)).toEqual(["noise", "message"]);
  });

  it("skips blank lines and a byte order mark before a header, and takes bare LF", () => {
    const stream = bytes('\ufeffContent-Length: 7\n\n{"a":1}\r\n\r\nContent-Length: 7\n\n{"b":2}');
    expect(parse("content-length", stream)).toEqual([message({ a: 1 }), message({ b: 2 })]);
  });

  it("tells newline-delimited JSON apart at its first line", () => {
    const [fatal] = parse("content-length", bytes('{"jsonrpc":"2.0","id":1,"result":{}}\n'));
    expect(fatal).toEqual({ kind: "fatal", reason: "JSON where a header was due" });
  });

  it("owes bytes from the first byte of a header to the last of its body", () => {
    const parser = createParser("content-length");
    expect(parser.owesBytes).toBe(false);
    parser.push(bytes("Con"));
    expect(parser.owesBytes).toBe(true);
    parser.push(bytes('tent-Length: 7\r\n\r\n{"a"'));
    expect(parser.owesBytes).toBe(true);
    parser.push(bytes(":1}"));
    expect(parser.owesBytes).toBe(false);
  });
});
