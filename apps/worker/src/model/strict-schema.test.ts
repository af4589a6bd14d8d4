import { describe, expect, it } from "@jest/globals";
import { strictSchema } from "./strict-schema.ts";

const text = { type: "string", description: "a text" };

describe("what has a strict form", () => {
  it("closes an object whose properties are all required", () => {
    expect(
      strictSchema({
        $schema: "http://json-schema.org/draft-07/schema#",
        type: "object",
        properties: { path: text, lines: { type: "array", items: { type: "integer" } } },
        required: ["path", "lines"],
      }),
    ).toEqual({
      type: "object",
      properties: { path: text, lines: { type: "array", items: { type: "integer" } } },
      required: ["path", "lines"],
      additionalProperties: false,
    });
  });

  it("closes objects inside arrays and definitions", () => {
    const edit = { type: "object", properties: { old: text }, required: ["old"] };
    const strict = strictSchema({
      type: "object",
      properties: { edits: { type: "array", items: edit }, last: { $ref: "#/$defs/edit" } },
      required: ["edits", "last"],
      $defs: { edit },
    });
    expect(strict).toMatchObject({
      properties: { edits: { items: { additionalProperties: false } } },
      $defs: { edit: { additionalProperties: false } },
    });
  });

  it("keeps a tool without arguments", () => {
    expect(strictSchema({ type: "object", properties: {} })).toEqual({
      type: "object",
      properties: {},
      required: [],
      additionalProperties: false,
    });
  });
});

describe("what would mean something else", () => {
  const refused: Record<string, Record<string, unknown>> = {
    "an optional property": { type: "object", properties: { a: text, b: text }, required: ["a"] },
    "an open object": { type: "object", properties: { a: text }, required: ["a"], additionalProperties: true },
    "a map of any keys": { type: "object" },
    "a nested map": { type: "object", properties: { env: { type: "object" } }, required: ["env"] },
    "a keyword that may not be honoured": {
      type: "object",
      properties: { a: { type: "string", pattern: "^x" } },
      required: ["a"],
    },
    "a property of any type": { type: "object", properties: { a: {} }, required: ["a"] },
    "an array of anything": { type: "object", properties: { a: { type: "array" } }, required: ["a"] },
    "a choice at the root": { type: "object", properties: {}, anyOf: [{ type: "object", properties: {} }] },
    "a type that may be an object": {
      type: "object",
      properties: { a: { type: ["object", "null"], properties: {} } },
      required: ["a"],
    },
    "no object": { type: "string" },
  };
  it.each(Object.keys(refused))("leaves %s as it is", (name) => {
    expect(strictSchema(refused[name] ?? {})).toBeUndefined();
  });
});
