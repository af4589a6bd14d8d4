import { describe, expect, it } from "@jest/globals";
import { compileSchema } from "./json-schema.ts";

const object = (properties: object, more: object = {}) => ({ type: "object", properties, ...more });

describe("a schema's validator", () => {
  it("names what is wrong", () => {
    const validate = compileSchema(object({ n: { type: "number" } }, { required: ["n"], additionalProperties: false }));
    expect(validate({ n: 1 })).toEqual([]);
    expect(validate({ m: 1 })).toEqual([
      "the value must have required property 'n'",
      "the value must NOT have additional properties (m)",
    ]);
    expect(validate({ n: "1" })).toEqual(["/n must be number"]);
  });

  it("reads draft 7 where the schema says so, and where only that can read it", () => {
    const tuple = { type: "array", items: [{ type: "number" }] };
    for (const $schema of ["http://json-schema.org/draft-07/schema#", undefined]) {
      const validate = compileSchema({ ...object({ pair: tuple }), ...($schema && { $schema }) });
      expect(validate({ pair: ["x"] })).toEqual(["/pair/0 must be number"]);
    }
  });

  it("reads the keywords of 2020-12, unless the schema says that it is older", () => {
    const schema = object({ pair: { type: "array", prefixItems: [{ type: "number" }] } });
    expect(compileSchema(schema)({ pair: ["x"] })).toHaveLength(1);
    expect(compileSchema({ ...schema, $schema: "http://json-schema.org/draft-07/schema#" })({ pair: ["x"] })).toEqual(
      [],
    );
  });

  it("follows references inside the schema and never fetches one outside", () => {
    const inside = { ...object({ a: { $ref: "#/$defs/n" } }), $defs: { n: { type: "number" } } };
    expect(compileSchema(inside)({ a: "x" })).toHaveLength(1);
    expect(() => compileSchema(object({ a: { $ref: "https://example.org/a.json" } }))).toThrow("example.org");
  });

  it("takes two schemas with the same $id", () => {
    const schema = { $id: "https://example.org/tool", ...object({ a: { type: "number" } }) };
    compileSchema(schema);
    expect(compileSchema(schema)({ a: "x" })).toHaveLength(1);
  });

  it("refuses an asynchronous schema, whose validator would answer a promise", () => {
    expect(() => compileSchema({ $async: true, ...object({}) })).toThrow("asynchronous");
  });

  it("shows at most five errors", () => {
    const validate = compileSchema(object({}, { required: ["a", "b", "c", "d", "e", "f", "g"] }));
    expect(validate({})).toHaveLength(6);
    expect(validate({}).at(-1)).toBe("and 2 more");
  });
});
