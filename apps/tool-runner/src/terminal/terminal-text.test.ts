import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { TerminalText } from "./terminal-text.ts";

function clean(bytes: string | Uint8Array, isCut = false): string {
  const text = new TerminalText();
  return text.push(typeof bytes === "string" ? Buffer.from(bytes) : bytes) + text.end(isCut);
}

describe("TerminalText", () => {
  it.each<[string, string, string]>([
    ["plain text", "a\tb\nc é 日 😀", "a\tb\nc é 日 😀"],
    ["colours", "\u001b[1;31mred\u001b[0m", "red"],
    ["a title closed by BEL", "\u001b]0;evil\u0007text", "text"],
    ["a link closed by ST", "\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\", "text"],
    ["a clipboard write", "a\u001b]52;c;ZXZpbA==\u0007b", "ab"],
    ["a device control string", "a\u001bPq#0\u001b\\b", "ab"],
    ["8-bit sequences", "a\u009b31mb\u009d0;x\u009cc", "abc"],
    ["short escapes", "\u001b7a\u001b(Bb\u001bcc", "abc"],
    ["control characters", "a\u0000\u0007\u0008\u000b\u007f\u0085b", "ab"],
    ["bidi controls", "a\u202e\u2066\u200f\u061cb", "ab"],
    ["CR LF and CR", "a\r\nb\rc\r", "a\nb\nc\n"],
    ["an escape string that is never closed", "a\u001b]0;hidden\nshown", "a\nshown"],
    ["a sequence broken off by text", "\u001b[31\nx", "\nx"],
    ["a lone escape at the end", "a\u001b", "a"],
  ])("[terminal.text] cleans %s", (_, printed, wanted) => {
    expect(clean(printed)).toBe(wanted);
  });

  it("replaces what is not UTF-8, and drops a character that only the cap cut in two", () => {
    expect(clean(Buffer.from([0x61, 0xff, 0x62]))).toBe("a\ufffdb");
    const half = Buffer.from("aé").subarray(0, 2);
    expect(clean(half)).toBe("a\ufffd");
    expect(clean(half, true)).toBe("a");
  });

  it("gives the same text, without a forbidden character, however the bytes are cut into pieces", () => {
    const hostile = fc.constantFrom(...Array.from("\u001b[]P\\;m0\u0007\r\n\u009b\u009d\u009c\u202e\0é日😀ax"));
    const bytes = fc.oneof(
      fc.string({ unit: hostile }).map((text) => Buffer.from(text)),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(40)), (printed, cuts) => {
        const text = new TerminalText();
        const points = [...cuts.filter((cut) => cut < printed.length).toSorted((a, b) => a - b), printed.length];
        const pieces = points.map((end, index) => printed.subarray(points[index - 1] ?? 0, end));
        const joined = pieces.map((piece) => text.push(piece)).join("") + text.end(false);
        expect(joined).toBe(clean(printed));
        expect(joined.isWellFormed()).toBe(true);
        expect(Array.from(joined).filter(isForbidden)).toEqual([]);
      }),
    );
  });
});

function isForbidden(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const isBidi = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return (isControl && char !== "\n" && char !== "\t") || isBidi || [0x61c, 0x200e, 0x200f].includes(code);
}
