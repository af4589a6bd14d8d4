import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { splitBlocks } from "./split-blocks.ts";

describe("splitBlocks", () => {
  it("cuts at blank lines and keeps every character", () => {
    expect(splitBlocks("# Title\n\nOne\ntwo\n\n\nThree")).toEqual(["# Title\n\n", "One\ntwo\n\n\n", "Three"]);
    expect(splitBlocks("")).toEqual([]);
  });

  it("does not cut inside fenced code, also while its end has not arrived", () => {
    expect(splitBlocks("```js\na\n\nb\n```\n\nafter")).toEqual(["```js\na\n\nb\n```\n\n", "after"]);
    expect(splitBlocks("````\n```\n\nb\n```\n\nstill code")).toHaveLength(1);
    expect(splitBlocks("~~~\na\n\n```\n\nb")).toHaveLength(1);
  });

  it("keeps the items of a loose list, its continuations and a quotation together", () => {
    expect(splitBlocks("1. a\n\n2. b\n\n   more of b\n\nText")).toEqual(["1. a\n\n2. b\n\n   more of b\n\n", "Text"]);
    expect(splitBlocks("> a\n\n> b\n\nText")).toEqual(["> a\n\n> b\n\n", "Text"]);
  });

  it("leaves a source with definitions whole", () => {
    expect(splitBlocks("See [x].\n\nMore\n\n[x]: https://example.org")).toHaveLength(1);
  });

  it("joins to the source, and as text arrives changes no block but the last", () => {
    const line = fc.constantFrom(
      "text",
      "",
      "- item",
      "2. item",
      "> quote",
      "```",
      "~~~~",
      "    code",
      "<div>",
      "| a | b |",
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const source = lines.join("\n");
        const blocks = splitBlocks(source);
        expect(blocks.join("")).toBe(source);
        for (let end = 0; end <= source.length; end += 1) {
          const sofar = splitBlocks(source.slice(0, end));
          // A line still being written may turn out to continue the block before it.
          expect(blocks.slice(0, Math.max(0, sofar.length - 2))).toEqual(sofar.slice(0, -2));
        }
      }),
    );
  });
});
