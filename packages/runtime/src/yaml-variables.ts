import { isSecretKey, registerSecret } from "@holdfast/telemetry";
import { isPair, isScalar, visit } from "yaml";
import type { Document, Node, Pair } from "yaml";
import type { z } from "zod";
import type { Environment } from "./env.ts";
import { printPath } from "./yaml-lines.ts";

/*
 * `${VAR}` and `${VAR:-default}` in the strings of a YAML document; `$${` stands for a literal `${`. The default is used
 * when the variable is unset or empty; a variable that is unset and has no default is a problem.
 * What is expanded stays a string, whatever it looks like (a key of digits is still a key), except where the schema asks
 * for a number or a boolean and the value was written without quotes: then it is read as YAML would have read it.
 * A value that goes under a secret's key, or comes from a variable named like one, is masked in every log from then on.
 */

export interface Expansion {
  readonly missing: readonly { readonly offset: number; readonly text: string }[];
  /** Printed paths of the unquoted values in which something was expanded. */
  readonly plainPaths: ReadonlySet<string>;
}

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
/** `${env:VAR}` is how VS Code writes it. */
const VARIABLE = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/;
/** What VS Code would ask a person for, when the server starts. */
const INPUT = /^input:/;

/** Expands in place. */
export function expandVariables(document: Document, env: Environment): Expansion {
  const missing: { offset: number; text: string }[] = [];
  const plainPaths = new Set<string>();
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === "key" || typeof node.value !== "string" || !node.value.includes("${")) return;
      const path = pathOf(ancestors, node);
      const isSecret = path.some((part) => typeof part === "string" && isSecretKey(part));
      node.value = node.value.replace(REFERENCE, (reference: string, inner: string | undefined) => {
        if (inner === undefined) return "${";
        const value = lookUp(reference, inner, env);
        if ("problem" in value)
          missing.push({ offset: node.range?.[0] ?? 0, text: `${printPath(path)}: ${value.problem}` });
        else if (isSecret || isSecretKey(value.name)) registerSecret(value.text);
        return "text" in value ? value.text : reference;
      });
      if (node.type === "PLAIN") plainPaths.add(printPath(path));
    },
  });
  return { missing, plainPaths };
}

function lookUp(
  reference: string,
  inner: string,
  env: Environment,
): { name: string; text: string } | { problem: string } {
  if (INPUT.test(inner)) {
    return { problem: `nobody can be asked for ${reference} here; write \${NAME} and set that environment variable` };
  }
  const [, name, fallback] = VARIABLE.exec(inner) ?? [];
  if (name === undefined || !reference.endsWith("}"))
    return { problem: `${reference} is no variable; write $\${ for a literal \${` };
  const value = env[name];
  if (fallback !== undefined) return { name, text: value || fallback };
  return value === undefined ? { problem: `the environment variable ${name} is not set` } : { name, text: value };
}

function pathOf(ancestors: readonly (Document | Node | Pair)[], leaf: Node): (string | number)[] {
  const chain = [...ancestors, leaf];
  return chain.flatMap((node, at): (string | number)[] => {
    if (isPair(node)) return [isScalar(node.key) ? String(node.key.value) : String(node.key)];
    const above = chain[at - 1];
    if (above === undefined || !("items" in above)) return [];
    return [(above.items as unknown[]).indexOf(node)];
  });
}

/** Turns expanded, unquoted values into the number or boolean the schema asked for. True when something changed. */
export function settleNumbers(
  data: unknown,
  issues: readonly z.core.$ZodIssue[],
  plainPaths: ReadonlySet<string>,
): boolean {
  let hasChanged = false;
  for (const issue of issues) {
    if (issue.code !== "invalid_type" || !plainPaths.has(printPath(issue.path))) continue;
    const holder = issue.path
      .slice(0, -1)
      .reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown>)[part], data) as Record<
      PropertyKey,
      unknown
    >;
    const last = issue.path.at(-1);
    if (last === undefined) continue;
    const typed = asType(issue.expected, String(holder[last]));
    if (typed === undefined) continue;
    holder[last] = typed;
    hasChanged = true;
  }
  return hasChanged;
}

function asType(expected: string, text: string): number | boolean | undefined {
  if (expected === "boolean") return text === "true" ? true : text === "false" ? false : undefined;
  if (expected !== "number" && expected !== "int") return undefined;
  return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}
