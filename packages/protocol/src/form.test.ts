import { describe, expect, it } from "@jest/globals";
import { choicesOf, FormContent, formProblems, FormSchema, defaultsOf } from "./form.ts";

const form = (properties: object, required: string[] = []) =>
  FormSchema.parse({ type: "object", properties, required });
const problemsOf = (field: object, value: unknown): string[] =>
  formProblems(form({ it: field }), FormContent.parse({ it: value })).map(({ path, message }) => `${path} ${message}`);

describe("an answer to a form", () => {
  it.each([
    [{ type: "string", minLength: 2, maxLength: 4 }, "abc", "abcde"],
    [{ type: "string", minLength: 2 }, "ab", "a"],
    [{ type: "string", minLength: 2, maxLength: 2 }, "\u{1f600}\u{1f601}", "\u{1f600}"],
    [{ type: "string", format: "email" }, "ann@example.org", "ann"],
    [{ type: "string", format: "uri" }, "https://example.org/x", "example.org"],
    [{ type: "string", format: "date" }, "2024-02-29", "2025-02-29"],
    [{ type: "string", format: "date-time" }, "2026-11-23T10:00:00+01:00", "2026-11-23"],
    [{ type: "string" }, "", 1],
    [{ type: "string", enum: ["a", "b"], enumNames: ["A", "B"] }, "b", "B"],
    [{ type: "string", oneOf: [{ const: "a", title: "A" }] }, "a", "A"],
    [{ type: "integer", minimum: 1, maximum: 100 }, 100, 1.5],
    [{ type: "integer", minimum: 1 }, 1, 0],
    [{ type: "integer" }, 2 ** 53 - 1, 2 ** 53],
    [{ type: "number", maximum: 1 }, 0.5, 1.5],
    [{ type: "number" }, -3.25, "3"],
    [{ type: "boolean" }, false, "false"],
    [{ type: "array", minItems: 1, items: { type: "string", enum: ["a", "b"] } }, ["b"], []],
    [
      {
        type: "array",
        maxItems: 1,
        items: {
          anyOf: [
            { const: "a", title: "A" },
            { const: "b", title: "B" },
          ],
        },
      },
      ["a"],
      ["a", "b"],
    ],
    [{ type: "array", items: { type: "string", enum: ["a", "b"] } }, [], ["a", "a"]],
    [{ type: "array", items: { type: "string", enum: ["a", "b"] } }, ["a", "b"], ["c"]],
  ])("[mcp.form] is held against %j", (field, good, bad) => {
    expect(problemsOf(field, good)).toEqual([]);
    expect(problemsOf(field, bad)).toEqual([expect.stringMatching(/^content\.it must /)]);
  });

  it("[mcp.form] gives what is required and nothing that was not asked for, and is not quoted", () => {
    const asked = form({ name: { type: "string" }, age: { type: "integer" } }, ["name"]);
    expect(formProblems(asked, { age: 3, pin: "4711", toString: "x" })).toEqual([
      { path: "content.pin", message: "is no field of the form" },
      { path: "content.toString", message: "is no field of the form" },
      { path: "content.name", message: "is required" },
    ]);
    expect(JSON.stringify(problemsOf({ type: "string", format: "email" }, "hunter2"))).not.toContain("hunter2");
    expect(problemsOf({ type: "string" }, "x".repeat(70_000))).toEqual(["content has more than 65536 characters"]);
  });

  it("[mcp.form] may begin with the defaults, and leaves out what was cleared", () => {
    const asked = form({
      a: { type: "string", default: "x" },
      b: { type: "boolean", default: false },
      c: { type: "number" },
    });
    expect(defaultsOf(asked)).toEqual({ a: "x", b: false });
    expect(formProblems(asked, {})).toEqual([]);
    const required = form({ a: { type: "string", default: "x" } }, ["a"]);
    expect(formProblems(required, {})).toEqual([{ path: "content.a", message: "is required" }]);
  });
});

it("[mcp.form] shows its choices by their titles, and by their values where they have none", () => {
  const values = (field: object) =>
    choicesOf(FormSchema.parse({ type: "object", properties: { it: field } }).properties["it"]!);
  expect(values({ type: "string", enum: ["a", "b"], enumNames: ["A"] })).toEqual([
    { value: "a", title: "A" },
    { value: "b", title: "b" },
  ]);
  expect(values({ type: "array", items: { anyOf: [{ const: "a", title: "A" }] } })).toEqual([
    { value: "a", title: "A" },
  ]);
  expect(values({ type: "string" })).toBeUndefined();
});

it.each([
  ["a nested object", { it: { type: "object", properties: {} } }],
  ["a list of anything", { it: { type: "array", items: { type: "string" } } }],
  ["a choice among nothing", { it: { type: "string", enum: [] } }],
  ["sixty-five fields", Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`f${n}`, { type: "string" }]))],
  ["a title without end", { it: { type: "string", title: "x".repeat(2_000) } }],
])("[mcp.form] is no form with %s", (_what, properties) => {
  expect(FormSchema.safeParse({ type: "object", properties }).success).toBe(false);
});
