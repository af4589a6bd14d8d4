import { expect, it } from "@jest/globals";
import { withoutNull } from "./nullable-fields.ts";

it.each([
  ["a type", { type: ["string", "null"], maxLength: 9 }, { type: "string", maxLength: 9 }],
  ["anyOf", { anyOf: [{ type: "integer" }, { type: "null" }], default: null }, { type: "integer" }],
  ["oneOf", { oneOf: [{ type: "null" }, { type: "string", title: "B" }], title: "A" }, { type: "string", title: "B" }],
  ["a choice", { type: ["string", "null"], enum: ["a", null] }, { type: "string", enum: ["a"] }],
  [
    "a named choice",
    { type: "string", enum: [null, "a", "b"], enumNames: ["None", "A", "B"] },
    { type: "string", enum: ["a", "b"], enumNames: ["A", "B"] },
  ],
  [
    "a choice within anyOf",
    { anyOf: [{ type: "string", enum: ["a", null] }, { type: "null" }] },
    { type: "string", enum: ["a"] },
  ],
])("[elicitation.form] leaves null out where it stands in %s", (_where, field, bared) => {
  const form = { type: "object", properties: { field }, required: ["field"] };
  expect(withoutNull(form)).toEqual({ ...form, properties: { field: bared } });
});

it.each([
  [
    "choices with titles",
    {
      type: "string",
      oneOf: [
        { const: "a", title: "A" },
        { const: "b", title: "B" },
      ],
    },
  ],
  ["what could be several things", { anyOf: [{ type: "string" }, { type: "integer" }, { type: "null" }] }],
])("[elicitation.form] leaves alone %s", (_what, field) => {
  const form = { type: "object", properties: { field } };
  expect(withoutNull(form)).toEqual(form);
});
