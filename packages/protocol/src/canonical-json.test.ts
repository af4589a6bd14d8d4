import { describe, expect, it } from "@jest/globals";
import { canonicalJson } from "./canonical-json.ts";

describe("[approval.hash] the text that is hashed is RFC 8785", () => {
  it("[approval.hash] writes the example of its section 3.2.2", () => {
    const value: unknown = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`);
    expect(canonicalJson(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it("[approval.hash] sorts keys by UTF-16 code units, as in its section 3.2.3", () => {
    const keys = ["\u20ac", "\r", "\ufb33", "1", "\u{1f600}", "\u0080", "\u00f6"];
    const sorted = Object.keys(
      JSON.parse(canonicalJson(Object.fromEntries(keys.map((key) => [`_${key}`, 0])))) as object,
    );
    expect(sorted).toEqual(["\r", "1", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"].map((key) => `_${key}`));
  });

  it.each([
    [0, "0"],
    [-0, "0"],
    [5e-324, "5e-324"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [9007199254740992, "9007199254740992"],
    [295147905179352830000, "295147905179352830000"],
    [9.999999999999997e22, "9.999999999999997e+22"],
    [1e23, "1e+23"],
    [0.000001, "0.000001"],
    [333333333.3333334, "333333333.3333334"],
    [-0.0000033333333333333333, "-0.0000033333333333333333"],
  ])("[approval.hash] writes the number %d as its appendix B does", (number, text) => {
    expect(canonicalJson(number)).toBe(text);
  });

  it("[approval.hash] is the same before and after the value travelled", () => {
    const value = { b: undefined, a: [1, { d: Number.POSITIVE_INFINITY, c: "x" }] };
    expect(canonicalJson(value)).toBe(canonicalJson(JSON.parse(JSON.stringify(value))));
  });
});
