import { z } from "zod";
import type { InputError } from "./problem.ts";

/**
 * The form that a server of MCP shows a human (elicitation, mode `form`): one flat object of strings, numbers, booleans and
 * choices, as the revisions 2025-11-25 and 2026-07-28 restrict it. Whoever puts one into Redis has capped it and made its
 * texts visible; whoever answers is held against it here, the page and the gateway alike. The lengths that a form asks for
 * are counted in characters (code points), as JSON Schema, and so its server, counts them.
 */
const MOST_FIELDS = 64;
const MOST_OPTIONS = 256;
const MOST_TEXT = 1_024;
const MOST_NAME = 128;
/** Of a whole answer, as JSON. */
const MOST_CONTENT = 65_536;

const text = z.string().max(MOST_TEXT);
const described = { title: text.optional(), description: text.optional() };
const count = z.number().min(0);
const FormOption = z.object({ const: text, title: text });
const Options = z.array(FormOption).min(1).max(MOST_OPTIONS);
const Values = z.array(text).min(1).max(MOST_OPTIONS);

const StringField = z.object({
  type: z.literal("string"),
  ...described,
  minLength: count.optional(),
  maxLength: count.optional(),
  format: z.enum(["email", "uri", "date", "date-time"]).optional(),
  enum: Values.optional(),
  /** Titles of `enum`, by position. */
  enumNames: z.array(text).max(MOST_OPTIONS).optional(),
  oneOf: Options.optional(),
  default: text.optional(),
});

const NumberField = z.object({
  type: z.enum(["number", "integer"]),
  ...described,
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  default: z.number().optional(),
});

const BooleanField = z.object({ type: z.literal("boolean"), ...described, default: z.boolean().optional() });

/** Any number of the choices. */
const ListField = z.object({
  type: z.literal("array"),
  ...described,
  minItems: count.optional(),
  maxItems: count.optional(),
  items: z.union([z.object({ type: z.literal("string"), enum: Values }), z.object({ anyOf: Options })]),
  default: z.array(text).max(MOST_OPTIONS).optional(),
});

export const FormField = z.discriminatedUnion("type", [StringField, NumberField, BooleanField, ListField]);
export type FormField = z.infer<typeof FormField>;

export const FormSchema = z.object({
  type: z.literal("object"),
  properties: z
    .record(z.string().min(1).max(MOST_NAME), FormField)
    .refine((fields) => Object.keys(fields).length <= MOST_FIELDS, `has more than ${MOST_FIELDS} fields`),
  required: z.array(z.string().max(MOST_NAME)).max(MOST_FIELDS).optional(),
});
export type FormSchema = z.infer<typeof FormSchema>;

export const FormValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);
export type FormValue = z.infer<typeof FormValue>;

/** What a human filled in, by the names of the fields. */
export const FormContent = z.record(z.string(), FormValue);
export type FormContent = z.infer<typeof FormContent>;

export interface FormChoice {
  readonly value: string;
  /** For the human. */
  readonly title: string;
}

/** What a field lets choose from; undefined where it is filled in freely. */
export function choicesOf(field: FormField): FormChoice[] | undefined {
  if (field.type === "array") return "anyOf" in field.items ? titled(field.items.anyOf) : named(field.items.enum);
  if (field.type !== "string") return undefined;
  if (field.oneOf) return titled(field.oneOf);
  return field.enum && named(field.enum, field.enumNames);
}

function titled(options: z.infer<typeof Options>): FormChoice[] {
  return options.map(({ const: value, title }) => ({ value, title }));
}

function named(values: readonly string[], names: readonly string[] = []): FormChoice[] {
  return values.map((value, index) => ({ value, title: names[index] ?? value }));
}

/**
 * What stands in a form before anybody has touched it. Defaults are for whoever shows a form; nobody adds them to an answer,
 * in which a field that was cleared is left out.
 */
export function defaultsOf({ properties }: FormSchema): FormContent {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, field]) =>
      field.default === undefined ? [] : [[name, field.default] as const],
    ),
  );
}

/** Why an answer does not fit its form, by field: `path` is `content.<name>`. Empty where it fits. Never quotes the answer. */
export function formProblems(form: FormSchema, content: FormContent): InputError[] {
  const problems: InputError[] = [];
  const complain = (name: string, message: string) => problems.push({ path: `content.${name}`, message });
  for (const name of Object.keys(content)) {
    if (!Object.hasOwn(form.properties, name)) complain(name, "is no field of the form");
  }
  for (const [name, field] of Object.entries(form.properties)) {
    const value = Object.hasOwn(content, name) ? content[name] : undefined;
    if (value !== undefined) {
      const problem = fieldProblem(field, value);
      if (problem !== undefined) complain(name, problem);
    } else if (form.required?.includes(name)) complain(name, "is required");
  }
  if (JSON.stringify(content).length > MOST_CONTENT) {
    problems.push({ path: "content", message: `has more than ${MOST_CONTENT} characters` });
  }
  return problems;
}

function fieldProblem(field: FormField, value: FormValue): string | undefined {
  switch (field.type) {
    case "string":
      return typeof value === "string" ? stringProblem(field, value) : "must be a text";
    case "boolean":
      return typeof value === "boolean" ? undefined : "must be true or false";
    case "array":
      return Array.isArray(value) ? listProblem(field, value) : "must be a list of choices";
    default:
      return typeof value === "number" ? numberProblem(field, value) : "must be a number";
  }
}

const FORMATS = {
  email: { schema: z.email(), problem: "must be an email address" },
  uri: { schema: z.url(), problem: "must be a whole address, such as https://example.org" },
  date: { schema: z.iso.date(), problem: "must be a date, such as 2026-11-23" },
  "date-time": {
    schema: z.iso.datetime({ offset: true }),
    problem: "must be a date and time, such as 2026-11-23T10:00:00Z",
  },
} as const;

function stringProblem(field: z.infer<typeof StringField>, value: string): string | undefined {
  const choices = choicesOf(field);
  if (choices) return choices.some((choice) => choice.value === value) ? undefined : "must be one of the choices";
  const { minLength = 0, maxLength = Infinity, format } = field;
  const { length } = Array.from(value);
  if (length < minLength) return `must have at least ${minLength} characters`;
  if (length > maxLength) return `must have at most ${maxLength} characters`;
  if (format && !FORMATS[format].schema.safeParse(value).success) return FORMATS[format].problem;
  return undefined;
}

function numberProblem(field: z.infer<typeof NumberField>, value: number): string | undefined {
  const { type, minimum = -Infinity, maximum = Infinity } = field;
  if (type === "integer" && !Number.isSafeInteger(value)) return "must be a whole number";
  if (value < minimum) return `must be at least ${minimum}`;
  if (value > maximum) return `must be at most ${maximum}`;
  return undefined;
}

function listProblem(field: z.infer<typeof ListField>, value: readonly string[]): string | undefined {
  const { minItems = 0, maxItems = Infinity } = field;
  const known = new Set(choicesOf(field)?.map((choice) => choice.value));
  if (new Set(value).size < value.length || value.some((item) => !known.has(item))) {
    return "must be some of the choices, each at most once";
  }
  if (value.length < minItems) return `must be at least ${minItems} of the choices`;
  if (value.length > maxItems) return `must be at most ${maxItems} of the choices`;
  return undefined;
}
