import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { JsonRecord } from "./record.ts";

const SHOWN_ERRORS = 5;

/** Checks a value; answers what is wrong with it, one short phrase each, and nothing when it is right. */
export type Validator = (value: unknown) => readonly string[];

const OPTIONS = {
  strict: false,
  allErrors: true,
  validateFormats: false,
  unicodeRegExp: false,
  logger: false,
} as const;

/**
 * A validator for a server's JSON Schema: 2020-12, or draft 7 where `$schema` says so or only that can read it (many
 * servers still generate it). Nothing is ever fetched: a `$ref` to elsewhere is an error. Throws when the schema cannot
 * be used.
 */
export function compileSchema(schema: JsonRecord): Validator {
  const { $schema: dialect, ...rest } = schema;
  const validate = /draft-0[3-7]/.test(String(dialect)) ? compileDraft7(rest) : compileNewest(rest);
  if ("$async" in validate) throw new Error("asynchronous schemas are not accepted");
  return (value) => (validate(value) ? [] : describe(validate.errors ?? []));
}

// One instance per schema: two tools may use the same `$id`, and what is dropped must be freed.
function compileNewest(schema: JsonRecord): ValidateFunction {
  try {
    return new Ajv2020(OPTIONS).compile(schema);
  } catch (error) {
    try {
      return compileDraft7(schema);
    } catch {
      throw error;
    }
  }
}

function compileDraft7(schema: JsonRecord): ValidateFunction {
  return new Ajv(OPTIONS).compile(schema);
}

function describe(errors: readonly ErrorObject[]): string[] {
  const phrases = errors.map(({ instancePath, message = "is wrong", params }) => {
    const extra = (params as { additionalProperty?: unknown }).additionalProperty;
    return `${instancePath === "" ? "the value" : instancePath} ${message}${typeof extra === "string" ? ` (${extra})` : ""}`;
  });
  return phrases.length <= SHOWN_ERRORS
    ? phrases
    : [...phrases.slice(0, SHOWN_ERRORS), `and ${phrases.length - SHOWN_ERRORS} more`];
}
