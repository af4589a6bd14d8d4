import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { inBoundedTime, TookTooLong } from "./bounded-time.ts";
import type { JsonRecord } from "./record.ts";

const SHOWN_ERRORS = 5;

/** Checks a value; answers what is wrong with it, one short phrase each, and nothing when it is right. */
export type Validator = (value: unknown) => readonly string[];

type Dialect = typeof Ajv | typeof Ajv2020;

const OPTIONS = {
  strict: false,
  allErrors: true,
  validateFormats: false,
  unicodeRegExp: false,
  logger: false,
} as const;
/** Compiling a dialect's own schema takes tens of milliseconds: done once, on first use. */
const judges = new Map<Dialect, Ajv>();

/**
 * A validator for a server's JSON Schema: 2020-12, or draft 7 where `$schema` says so or only that can read it (many
 * servers still generate it). Nothing is ever fetched: a `$ref` to elsewhere is an error. Throws when the schema cannot
 * be used. Takes milliseconds; a schema that takes longer cannot be used, and what takes too long to judge is wrong.
 */
export function compileSchema(schema: JsonRecord): Validator {
  const { $schema: dialect, ...rest } = schema;
  const validate = /draft-0[3-7]/.test(String(dialect)) ? compileAs(Ajv, rest) : compileAsNewest(rest);
  if ("$async" in validate) throw new Error("asynchronous schemas are not accepted");
  return (value) => judge(validate, value);
}

function judge(validate: ValidateFunction, value: unknown): string[] {
  try {
    return inBoundedTime(() => (validate(value) ? [] : describe(validate.errors ?? [])));
  } catch (error) {
    if (error instanceof TookTooLong) return [error.message];
    // Nested so deep that judging it overflows the stack.
    if (error instanceof RangeError) return ["it is nested too deep"];
    throw error;
  }
}

function compileAsNewest(schema: JsonRecord): ValidateFunction {
  try {
    return compileAs(Ajv2020, schema);
  } catch (error) {
    try {
      return compileAs(Ajv, schema);
    } catch {
      throw error;
    }
  }
}

function compileAs(dialect: Dialect, schema: JsonRecord): ValidateFunction {
  const ajv = judgeOf(dialect);
  return inBoundedTime(() => {
    if (ajv.validateSchema(schema) !== true) throw new Error(ajv.errorsText(ajv.errors, { dataVar: "schema" }));
    // One instance per schema: two tools may use the same `$id`, what is dropped must be freed, and one whose work was cut off
    // is of no use any more.
    return new dialect({ ...OPTIONS, meta: false, validateSchema: false }).compile(schema);
  });
}

function judgeOf(dialect: Dialect): Ajv {
  const known = judges.get(dialect);
  if (known !== undefined) return known;
  const ajv = new dialect(OPTIONS);
  // Compiles the dialect's own schema, here and not where the work may be cut off.
  void ajv.validateSchema({});
  judges.set(dialect, ajv);
  return ajv;
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
