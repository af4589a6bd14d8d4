import type { FormContent, FormField, FormSchema } from "@holdfast/protocol";

/**
 * The form of a question as the page shows it, without the page: how each field is filled in, what stands there at first,
 * and the answer that comes of it. What fits is judged by the gateway, whose words are shown beside the fields.
 */
export type FieldKind = "text" | "number" | "check" | "choice" | "choices";
/** Of one field while it is filled in: as its control has it; false where none of the choices is taken, for one may be empty. */
export type Entered = string | boolean | readonly string[];
export type EnteredForm = Readonly<Record<string, Entered>>;

export interface Choice {
  readonly value: string;
  readonly title: string;
}

export interface FormFieldView {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly kind: FieldKind;
  /** Of an `input`. */
  readonly inputType: string;
  readonly choices: readonly Choice[];
  readonly field: FormField;
}

const INPUT_TYPES = { email: "email", uri: "url", date: "date", "date-time": "datetime-local" } as const;

export function fieldsOf({ properties, required = [] }: FormSchema): FormFieldView[] {
  return Object.entries(properties).map(([name, field]) => {
    const choices = choicesOf(field);
    const kind = kindOf(field, choices !== undefined);
    const format = field.type === "string" ? field.format : undefined;
    return {
      name,
      label: titleOf(field.title, name),
      description: field.description ?? "",
      isRequired: required.includes(name),
      kind,
      inputType: kind === "number" ? "number" : format ? INPUT_TYPES[format] : "text",
      choices: choices ?? [],
      field,
    };
  });
}

function kindOf({ type }: FormField, hasChoices: boolean): FieldKind {
  if (type === "boolean") return "check";
  if (type === "array") return "choices";
  if (type === "string") return hasChoices ? "choice" : "text";
  return "number";
}

/** Each value once: one that stood there twice could only be taken twice. */
function choicesOf(field: FormField): Choice[] | undefined {
  const choices = listedChoices(field);
  return choices?.filter(({ value }, index) => choices.findIndex((one) => one.value === value) === index);
}

function listedChoices(field: FormField): Choice[] | undefined {
  if (field.type === "array") {
    const { items } = field;
    return "enum" in items ? items.enum.map((value) => choiceOf(value)) : titled(items.anyOf);
  }
  if (field.type !== "string") return undefined;
  if (field.oneOf) return titled(field.oneOf);
  return field.enum?.map((value, index) => choiceOf(value, field.enumNames?.[index]));
}

function titled(options: readonly { const: string; title: string }[]): Choice[] {
  return options.map(({ const: value, title }) => choiceOf(value, title));
}

const choiceOf = (value: string, title?: string): Choice => ({ value, title: titleOf(title, value) });

const titleOf = (title: string | undefined, name: string): string => title?.trim() || name.trim() || "(empty)";

export function initialForm(fields: readonly FormFieldView[]): EnteredForm {
  return Object.fromEntries(fields.map((view) => [view.name, initialValue(view)]));
}

function initialValue({ kind, inputType, field }: FormFieldView): Entered {
  const { default: given } = field;
  if (kind === "check") return given === true;
  if (kind === "choices") return Array.isArray(given) ? given : [];
  if (given === undefined) return kind === "choice" ? false : "";
  return inputType === "datetime-local" ? localTime(String(given)) : String(given);
}

/**
 * What was left empty, or was cleared, is left out: nobody puts the default back into its place. Of choices, none of them is an
 * answer where the form takes it and begins with some or requires one.
 */
export function contentOf(fields: readonly FormFieldView[], entered: EnteredForm): FormContent {
  return Object.fromEntries(
    fields.flatMap((view) => {
      const value = valueOf(view, entered[view.name] ?? initialValue(view));
      return value === undefined ? [] : [[view.name, value] as const];
    }),
  );
}

function valueOf(view: FormFieldView, entered: Entered): FormContent[string] | undefined {
  const { kind, inputType, field } = view;
  if (kind === "check") return entered === true;
  if (kind === "choices") return isNothing(view, entered) ? undefined : [...(entered as readonly string[])];
  if (kind === "choice") return typeof entered === "string" ? entered : undefined;
  const text = String(entered);
  if (text === "") return undefined;
  if (kind === "number") return Number(text);
  if (inputType !== "datetime-local") return text;
  if (isUnreadable(view, entered)) return undefined;
  // A default is to the second and of its own zone; untouched, it goes back as it came.
  return text === initialValue(view) ? String(field.default) : new Date(text).toISOString();
}

/** A control takes times that are none, of a year with five digits for one. */
export function isUnreadable({ inputType }: FormFieldView, entered: Entered): boolean {
  return inputType === "datetime-local" && entered !== "" && Number.isNaN(Date.parse(String(entered)));
}

/** What stands in a control that gives no value for it, because its browser cannot read it, or none that is one. */
export function unreadableProblem({ kind }: FormFieldView): string {
  return kind === "number" ? "must be a number" : "must be a whole date";
}

function isNothing({ field, isRequired }: FormFieldView, entered: Entered): boolean {
  const mayBeNone = field.type === "array" && (field.minItems ?? 0) === 0;
  const isMeant = mayBeNone && (isRequired || field.default !== undefined);
  return (entered as readonly string[]).length === 0 && !isMeant;
}

/** As an input of this kind has it: the reader's own time, to the minute. */
function localTime(timestamp: string): string {
  const date = new Date(timestamp);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
