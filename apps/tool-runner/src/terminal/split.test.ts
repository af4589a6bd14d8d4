import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { splitWords } from "./split.ts";

type GoldenCase = { in: string; out: string[] } | { in: string; err: string };

const golden = JSON.parse(
  readFileSync(new URL("./golden/shlex-cases.json", import.meta.url), "utf8"),
) as readonly GoldenCase[];

describe("splitWords", () => {
  it("[terminal.split] answers what CPython's shlex.split answers, on all 3043 recorded cases", () => {
    expect(golden).toHaveLength(3043);
    const differing = golden.filter((recorded) => {
      const wanted = "out" in recorded ? { words: recorded.out } : { problem: recorded.err };
      return JSON.stringify(splitWords(recorded.in)) !== JSON.stringify(wanted);
    });
    expect(differing).toEqual([]);
  });

  it("gives back any words that were quoted, whatever the way of quoting", () => {
    const quotings: readonly ((word: string) => string)[] = [
      (word) => `'${word.replaceAll("'", `'"'"'`)}'`,
      (word) => `"${word.replaceAll(/["\\]/g, (char) => `\\${char}`)}"`,
      (word) => (word === "" ? "''" : word.replaceAll(/[\s\S]/g, (char) => `\\${char}`)),
    ];
    const word = fc.tuple(fc.string({ unit: hostileCharacter() }), fc.constantFrom(...quotings));
    const gap = fc.string({ unit: fc.constantFrom(" ", "\t", "\r", "\n"), minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(word), gap, (words, space) => {
        const line = words.map(([text, quote]) => quote(text)).join(space);
        expect(splitWords(line)).toEqual({ words: words.map(([text]) => text) });
      }),
    );
  });

  it("always answers, and never invents a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: hostileCharacter() }), (line) => {
        const split = splitWords(line);
        if ("problem" in split) return;
        const rest = Array.from(line);
        for (const char of split.words.join("")) {
          const at = rest.indexOf(char);
          expect(at).toBeGreaterThanOrEqual(0);
          rest.splice(0, at + 1);
        }
      }),
    );
  });
});

function hostileCharacter(): fc.Arbitrary<string> {
  const special = fc.constantFrom(
    "'",
    '"',
    "\\",
    " ",
    "\t",
    "\n",
    "\r",
    "$",
    "`",
    ";",
    "|",
    "&",
    "#",
    "*",
    "~",
    "é",
    "日",
  );
  return fc.oneof({ weight: 3, arbitrary: special }, fc.constantFrom("a", "b", "-", "/", "\u0000", "\u{1f600}"));
}
