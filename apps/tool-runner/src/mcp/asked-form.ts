import { type FormContent, formProblems, FormSchema } from "@holdfast/protocol";
import { isRecord, isTooDeep, type JsonRecord } from "./record.ts";
import { visibleText, withVisibleText } from "./tool-text.ts";

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

/**
 * The form in an `elicitation/create`, fit to be shown: texts are visible and capped, and a default that does not fit its
 * field is left out. Undefined where it is no form that a human could answer, or where what they would see is not what the
 * server would be told.
 */
export function readForm(params: unknown): AskedForm | undefined {
  if (!isRecord(params) || typeof params["message"] !== "string") return undefined;
  const { message, requestedSchema } = params;
  if (!isRecord(requestedSchema) || isTooDeep(requestedSchema)) return undefined;
  if (JSON.stringify(requestedSchema).length > MAX_SCHEMA_CHARACTERS) return undefined;
  const parsed = FormSchema.safeParse(withVisibleText(requestedSchema));
  if (!parsed.success || !hasOnlyVisibleNames(parsed.data)) return undefined;
  return { message: visibleText(message, MAX_MESSAGE_CHARACTERS), requestedSchema: tidied(parsed.data) };
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
    const isFit = given === undefined || formProblems(one, { [name]: given as string }).length === 0;
    const names = bare["enumNames"] as string[] | undefined;
    return [
      name,
      {
        ...bare,
        ...(names && { enumNames: names.map((title) => visibleText(title)) }),
        ...(isFit && given !== undefined && { default: given }),
      },
    ];
  });
  const known = required?.filter((name) => Object.hasOwn(properties, name));
  return FormSchema.parse({ ...form, properties: Object.fromEntries(fields), ...(known && { required: known }) });
}
