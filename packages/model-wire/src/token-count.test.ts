import { expect, it } from "@jest/globals";
import { countTokens, splitTokens } from "./token-count.ts";

it.each([
  "",
  " ",
  "Hello, world!",
  "  two  spaces\n\nand lines\t",
  "a_very_long_identifier_of_more_than_twelve",
  "naïve Zürich 東京で会いましょう",
  "🙂🙂 family 👨‍👩‍👧 flag 🇨🇭",
  "half a pair \ud83d stays",
  "```ts\nconst x = 1;\n```\n",
])("cuts %j into pieces that make the text again", (text) => {
  expect(splitTokens(text).join("")).toBe(text);
});

it("cuts no surrogate pair in two", () => {
  expect(splitTokens("a🙂b🙂🙂").every((token) => token.isWellFormed())).toBe(true);
});

it("takes a word with the space before it as one token, and a long one as several", () => {
  expect(splitTokens("one two, three")).toEqual(["one", " two", ",", " three"]);
  expect(countTokens("x".repeat(25))).toBe(3);
});
