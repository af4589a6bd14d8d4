import type { CatalogTool } from "@holdfast/bus";
import type { ToolCall } from "@holdfast/protocol";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

export type CheckedArguments =
  | { readonly isValid: true; readonly value: ToolCall["arguments"] }
  /** `problem` is written for the model, which can correct itself. */
  | { readonly isValid: false; readonly problem: string };

const MOST_PROBLEMS = 5;
const MOST_VALIDATORS = 1_000;

/**
 * Holds a model's arguments against a tool's schema before anything is sent. Validators are kept by the hash of the tool's
 * definition. A schema that cannot be compiled (a remote `$ref`, a mistake) checks nothing: the tool's own server judges then.
 */
export class ArgumentChecker {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, logger: false });
  readonly #validators = new Map<string, ValidateFunction | undefined>();

  /** `text` is JSON as the model wrote it; nothing at all means no arguments. */
  check(text: string, tool: CatalogTool): CheckedArguments {
    const parsed = parseObject(text);
    if (parsed === undefined) return { isValid: false, problem: "The arguments are not a JSON object." };
    const validate = this.#validatorOf(tool);
    if (validate === undefined || validate(parsed)) return { isValid: true, value: parsed };
    const problems = (validate.errors ?? []).map(({ instancePath, message, params }) => {
      const extra = "additionalProperty" in params ? ` (${String(params["additionalProperty"])})` : "";
      return `${instancePath || "arguments"} ${message ?? "is not valid"}${extra}`;
    });
    return { isValid: false, problem: `The arguments are not valid: ${problems.slice(0, MOST_PROBLEMS).join("; ")}.` };
  }

  #validatorOf(tool: CatalogTool): ValidateFunction | undefined {
    const key = tool.definition_sha256;
    if (!this.#validators.has(key)) {
      if (this.#validators.size >= MOST_VALIDATORS) this.#validators.clear();
      this.#validators.set(key, this.#compile(tool));
    }
    return this.#validators.get(key);
  }

  #compile(tool: CatalogTool): ValidateFunction | undefined {
    // `$schema` may name a dialect, and `$id` a schema, that the compiler would look for or refuse.
    const { $schema: _, $id: __, ...schema } = tool.input_schema;
    try {
      return this.#ajv.compile(schema);
    } catch {
      return undefined;
    }
  }
}

export function parseObject(text: string): ToolCall["arguments"] | undefined {
  try {
    const parsed: unknown = JSON.parse(text.trim() === "" ? "{}" : text);
    const isObject = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as ToolCall["arguments"]) : undefined;
  } catch {
    return undefined;
  }
}
