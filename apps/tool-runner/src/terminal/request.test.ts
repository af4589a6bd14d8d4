import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isDenial } from "./deny.ts";
import { readRequest } from "./request.ts";

function codeFor(input: unknown): string | undefined {
  const request = readRequest(input);
  return isDenial(request) ? request.denied : undefined;
}

describe("readRequest", () => {
  it("takes argv as it is and splits a command", () => {
    expect(readRequest({ argv: ["echo", "a b"] })).toEqual({ argv: ["echo", "a b"], cwd: undefined });
    expect(readRequest({ command: "echo 'a b' c", cwd: "sub" })).toEqual({ argv: ["echo", "a b", "c"], cwd: "sub" });
  });

  it("takes null for a field that was left out", () => {
    expect(readRequest({ argv: null, command: "ls", cwd: null })).toEqual({ argv: ["ls"], cwd: undefined });
  });

  it.each<[string, unknown, string]>([
    ["an unclosed quote", { command: "echo 'a" }, "parse_error"],
    ["a backslash at the end", { command: "echo \\" }, "parse_error"],
    ["a blank command", { command: " \t\n" }, "empty"],
    ["no words", { argv: [] }, "empty"],
    ["neither argv nor command", { cwd: "." }, "empty"],
    ["both", { argv: ["ls"], command: "ls" }, "invalid_argument"],
    ["a NUL in a word", { argv: ["ls", "a\0b"] }, "invalid_argument"],
    ["a NUL in a command", { command: "ls a\0b" }, "invalid_argument"],
    ["a NUL in cwd", { argv: ["ls"], cwd: "a\0b" }, "invalid_argument"],
    ["half a surrogate pair", { argv: ["ls", "\ud800"] }, "invalid_argument"],
    ["a number as a word", { argv: ["ls", 1] }, "invalid_argument"],
    ["argv as text", { argv: "ls" }, "invalid_argument"],
    ["a command as a list", { command: ["ls"] }, "invalid_argument"],
    ["cwd as a number", { argv: ["ls"], cwd: 1 }, "invalid_argument"],
    ["a list", ["ls"], "invalid_argument"],
    ["nothing", undefined, "invalid_argument"],
    ["one huge word", { argv: ["echo", "a".repeat(131_072)] }, "argv_too_long"],
    ["one huge command", { command: "a".repeat(131_073) }, "argv_too_long"],
    ["too many words", { argv: Array.from({ length: 4097 }, () => "a") }, "argv_too_long"],
  ])("denies %s", (_, input, code) => {
    expect(codeFor(input)).toBe(code);
  });

  it("takes a command line of exactly the limit", () => {
    // "echo", a NUL, the word, a NUL.
    expect(codeFor({ argv: ["echo", "a".repeat(131_072 - 6)] })).toBeUndefined();
    expect(codeFor({ argv: ["echo", "a".repeat(131_072 - 5)] })).toBe("argv_too_long");
  });

  it("answers a request or a denial for any JSON", () => {
    const field = fc.oneof(fc.jsonValue(), fc.array(fc.string()), fc.string());
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ argv: field, command: field, cwd: field })), (input) => {
        const request = readRequest(input);
        expect(isDenial(request) || request.argv.length > 0).toBe(true);
      }),
    );
  });
});
