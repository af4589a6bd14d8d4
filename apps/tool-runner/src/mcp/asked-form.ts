import { type FormContent, formProblems, FormSchema } from "@holdfast/protocol";
import { redact } from "@holdfast/telemetry";
import { isRecord, isTooDeep, type JsonRecord, recordOf } from "./record.ts";
import { withoutNull } from "./nullable-fields.ts";
import { visibleText } from "./tool-text.ts";

/** What a server wants to know while it runs a call. */
export interface AskedForm {
  readonly message: string;
  readonly requestedSchema: FormSchema;
}

/** What becomes of it. `cancel`: nobody decided. */
export type FormAnswer =
  | { readonly action: "accept"; readonly content: FormContent }
  | { readonly action: "decline" | "cancel" };

/** Asks a human. `signal` aborts when nobody wants to know any more. */
export type Ask = (form: AskedForm, signal: AbortSignal) => Promise<FormAnswer>;

const MAX_MESSAGE_CHARACTERS = 4_096;
const MAX_SCHEMA_CHARACTERS = 32_768;

/** Of a text that is looked through; more is never shown. */
const MAX_READ_CHARACTERS = 65_536;

/**
 * The form in an `elicitation/create`, fit to be shown: texts are visible, capped and without secrets, and a default that does
 * not fit its field or holds a secret is left out. Undefined where it is no form that a human could answer, or where what they would see is not what the
 * server would be told.
 */
export function readForm(params: unknown): AskedForm | undefined {
  if (!isRecord(params) || typeof params["message"] !== "string") return undefined;
  const { message, requestedSchema } = params;
  if (!isRecord(requestedSchema) || isTooDeep(requestedSchema)) return undefined;
  if (JSON.stringify(requestedSchema).length > MAX_SCHEMA_CHARACTERS) return undefined;
  const parsed = FormSchema.safeParse(withShownTexts(withoutNull(requestedSchema)));
  if (!parsed.success || !isWhole(requestedSchema, parsed.data) || !hasOnlyVisibleNames(parsed.data)) return undefined;
  return { message: shown(message, MAX_MESSAGE_CHARACTERS), requestedSchema: tidied(parsed.data) };
}

/** Secrets are looked for in what can be seen, and before it is cut: half of one is one still. */
function shown(text: string, maxCharacters?: number): string {
  return visibleText(redact(visibleText(text, MAX_READ_CHARACTERS)), maxCharacters);
}

/** A copy with every text for humans as it is shown. Names of fields and values are left alone. */
function withShownTexts(schema: JsonRecord): JsonRecord {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if ((key === "title" || key === "description") && typeof value === "string") return [key, shown(value)];
      if (key === "enumNames" && Array.isArray(value)) {
        return [key, value.map((name: unknown) => (typeof name === "string" ? shown(name) : name))];
      }
      return [key, shownParts(value)];
    }),
  );
}

function shownParts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shownParts);
  return isRecord(value) ? withShownTexts(value) : value;
}

/** Some names are lost where an object is read (`__proto__`): what nobody sees must not be asked for. */
function isWhole({ properties }: JsonRecord, read: FormSchema): boolean {
  const asked = Object.keys(recordOf(properties));
  return (
    asked.length === Object.keys(read.properties).length && asked.every((name) => Object.hasOwn(read.properties, name))
  );
}

/** Names of fields and values of choices go back as they are, so they cannot be cleaned. */
function hasOnlyVisibleNames({ properties }: FormSchema): boolean {
  const values = Object.values(properties).flatMap((field): string[] => {
    if (field.type === "array")
      return "enum" in field.items ? field.items.enum : field.items.anyOf.map((one) => one.const);
    if (field.type !== "string") return [];
    return [...(field.enum ?? []), ...(field.oneOf ?? []).map((one) => one.const)];
  });
  return [...Object.keys(properties), ...values].every((name) => visibleText(name) === name);
}

function tidied({ properties, required, ...form }: FormSchema): FormSchema {
  const fields = Object.entries(properties).map(([name, field]) => {
    const { default: given, ...bare } = field as JsonRecord;
    const one: FormSchema = { type: "object", properties: { [name]: field } };
    const isSecret = JSON.stringify(redact(given)) !== JSON.stringify(given);
    const isFit = given === undefined || (!isSecret && formProblems(one, { [name]: given as string }).length === 0);
    return [
      name,
      {
        ...bare,
        ...(isFit && given !== undefined && { default: given }),
      },
    ];
  });
  const known = required?.filter((name) => Object.hasOwn(properties, name));
  return FormSchema.parse({ ...form, properties: Object.fromEntries(fields), ...(known && { required: known }) });
}
