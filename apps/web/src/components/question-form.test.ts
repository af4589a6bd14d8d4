import { FormSchema } from "@holdfast/protocol";
import { expect, it } from "@jest/globals";
import { contentOf, fieldsOf, initialForm, isUnreadable } from "./question-form.ts";

const fields = fieldsOf(
  FormSchema.parse({
    type: "object",
    properties: {
      name: { type: "string", title: "Your name" },
      nick: { type: "string", default: "Ann" },
      when: { type: "string", format: "date-time", default: "2026-11-23T10:00:07+01:00" },
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
    when: "2026-11-23T10:00:07+01:00",
    age: 42,
    agree: false,
    fish: ["f1"],
  });
});

it("[page.question] what was cleared is left out, whatever stood there at first", () => {
  const entered = { name: "", nick: "", when: "", age: "", agree: true, pet: "p2", fish: ["f1"], tools: [] };
  expect(contentOf(fields, entered)).toEqual({ agree: true, pet: "p2", fish: ["f1"] });
  expect(contentOf(fields, { ...entered, when: "2026-11-24T10:00" })).toMatchObject({
    when: new Date("2026-11-24T10:00").toISOString(),
  });
});

it.each([
  ["which began with some", { default: ["a"] }, false, []],
  ["which the form requires", {}, true, []],
  ["of which the form takes no fewer than one", { default: ["a"], minItems: 1 }, false, undefined],
  ["which nobody asked for", {}, false, undefined],
])("[page.question] none of the choices, %s, is left out unless it is an answer", (_what, more, isRequired, sent) => {
  const field = { type: "array", items: { type: "string", enum: ["a", "b"] }, ...more };
  const required = isRequired ? ["it"] : [];
  const views = fieldsOf(FormSchema.parse({ type: "object", properties: { it: field }, required }));
  expect(contentOf(views, { it: [] })).toEqual(sent ? { it: sent } : {});
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

it("[page.question] a time that is none, such as of a year with five digits, is said to be none and breaks nothing", () => {
  const typed = { when: "12345-01-01T00:00" };
  const unreadable = fields.filter((view) => isUnreadable(view, typed[view.name as "when"] ?? ""));
  expect(unreadable.map(({ name }) => name)).toEqual(["when"]);
  expect(contentOf(fields, { ...initialForm(fields), ...typed })).not.toHaveProperty("when");
});

it("[page.question] what has no title that can be read is called by its name, and a choice that comes twice is one", () => {
  const items = {
    anyOf: [
      { const: "a", title: " " },
      { const: "", title: "" },
      { const: "a", title: "again" },
    ],
  };
  const [view] = fieldsOf(
    FormSchema.parse({ type: "object", properties: { it: { type: "array", title: "", items } } }),
  );
  expect(view).toMatchObject({ label: "it", choices: [{ title: "a" }, { title: "(empty)" }] });
});

it("[page.question] an empty text among the choices is taken only by who takes it", () => {
  const field = { type: "string", enum: ["", "x"] };
  const [view] = fieldsOf(FormSchema.parse({ type: "object", properties: { size: field }, required: ["size"] }));
  if (!view) throw new Error("it has a field");
  expect(contentOf([view], initialForm([view]))).toEqual({});
  expect(contentOf([view], { size: "" })).toEqual({ size: "" });
});
