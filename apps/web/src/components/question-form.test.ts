import { FormSchema } from "@holdfast/protocol";
import { expect, it } from "@jest/globals";
import { contentOf, fieldsOf, initialForm } from "./question-form.ts";

const fields = fieldsOf(
  FormSchema.parse({
    type: "object",
    properties: {
      name: { type: "string", title: "Your name" },
      nick: { type: "string", default: "Ann" },
      when: { type: "string", format: "date-time", default: "2026-11-23T10:00:00Z" },
      age: { type: "integer", default: 42 },
      agree: { type: "boolean" },
      pet: { type: "string", enum: ["p1", "p2"], enumNames: ["Cat"] },
      fish: { type: "array", items: { anyOf: [{ const: "f1", title: "Tuna" }] }, default: ["f1"] },
      tools: { type: "array", items: { type: "string", enum: ["saw"] } },
    },
    required: ["name"],
  }),
);

it("[page.question] a form that nobody touched says what the server gave as defaults, and nothing of its own", () => {
  expect(contentOf(fields, initialForm(fields))).toEqual({
    nick: "Ann",
    when: "2026-11-23T10:00:00.000Z",
    age: 42,
    agree: false,
    fish: ["f1"],
  });
});

it("[page.question] what was emptied is sent empty where a default would come back, else left out", () => {
  const entered = { name: "", nick: "", when: "", age: "", agree: true, pet: "p2", fish: [], tools: [] };
  expect(contentOf(fields, entered)).toEqual({ nick: "", when: "", agree: true, pet: "p2", fish: [] });
});

it("[page.question] fields are named by their titles, and choices too", () => {
  expect(fields.map(({ label, kind, inputType }) => `${label}: ${kind} ${inputType}`)).toEqual([
    "Your name: text text",
    "nick: text text",
    "when: text datetime-local",
    "age: number number",
    "agree: check text",
    "pet: choice text",
    "fish: choices text",
    "tools: choices text",
  ]);
  expect(fields.flatMap(({ choices }) => choices.map(({ title }) => title))).toEqual(["Cat", "p2", "Tuna", "saw"]);
  expect(fields.filter(({ isRequired }) => isRequired).map(({ name }) => name)).toEqual(["name"]);
});

it("[page.question] an empty text among the choices is taken only by who takes it", () => {
  const field = { type: "string", enum: ["", "x"] };
  const [view] = fieldsOf(FormSchema.parse({ type: "object", properties: { size: field }, required: ["size"] }));
  if (!view) throw new Error("it has a field");
  expect(contentOf([view], initialForm([view]))).toEqual({});
  expect(contentOf([view], { size: "" })).toEqual({ size: "" });
});
