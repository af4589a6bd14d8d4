import type { CatalogTool } from "@holdfast/bus";
import { expect, it } from "@jest/globals";
import { ArgumentChecker } from "./check-arguments.ts";

const checker = new ArgumentChecker();
const tool = (input_schema: Record<string, unknown>): CatalogTool => ({
  name: "t",
  own_name: "t",
  description: "",
  input_schema,
  timeout_ms: 1,
  definition_sha256: JSON.stringify(input_schema),
});
const PATH = tool({
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  properties: { path: { type: "string" } },
  required: ["path"],
  additionalProperties: false,
});

it("passes what fits the schema, and nothing at all as no arguments", () => {
  expect(checker.check('{"path":"a"}', PATH)).toEqual({ isValid: true, value: { path: "a" } });
  expect(checker.check("", tool({ type: "object" }))).toEqual({ isValid: true, value: {} });
});

it("says what is wrong in words a model can act on", () => {
  const problem = (text: string) => {
    const checked = checker.check(text, PATH);
    return checked.isValid ? undefined : checked.problem;
  };
  expect(problem("{path:")).toMatch(/not a JSON object/);
  expect(problem("[1]")).toMatch(/not a JSON object/);
  expect(problem("{}")).toMatch(/must have required property 'path'/);
  expect(problem('{"path":1}')).toMatch(/\/path must be string/);
  expect(problem('{"path":"a","colour":1}')).toMatch(/additional properties \(colour\)/);
});

it("leaves the judgement to the tool's server where a schema cannot be compiled", () => {
  expect(checker.check('{"a":1}', tool({ $ref: "https://example.com/schema.json" })).isValid).toBe(true);
  expect(checker.check('{"a":1}', tool({ type: "nonsense" })).isValid).toBe(true);
});
