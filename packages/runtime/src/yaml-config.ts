import { readFileSync } from "node:fs";
import { normalize } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { ConfigError } from "./config-error.ts";
import type { Environment } from "./env.ts";
import { expandVariables, settleNumbers } from "./yaml-variables.ts";
import { describeIssues } from "./yaml-issues.ts";
import { YamlLines } from "./yaml-lines.ts";
import type { Problem } from "./yaml-lines.ts";

/*
 * A YAML file held against a zod schema, with every problem named by file and line:
 * `holdfast.yaml:12: agents.assistant.max_steps: …`. Syntax errors end the check, since what follows would be noise;
 * duplicate keys, missing variables and schema problems are reported together, in the order of the file.
 */

/** Reads and checks a file. `${VAR}` and `${VAR:-default}` are expanded in its strings from `env`. Throws ConfigError. */
export function loadYaml<S extends z.ZodType>(path: string, schema: S, env: Environment): z.output<S> {
  return parseYaml(read(path), normalize(path), schema, env);
}

/** As `loadYaml`, of a text; `name` stands where the file's name would. */
export function parseYaml<S extends z.ZodType>(text: string, name: string, schema: S, env: Environment): z.output<S> {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, merge: true });
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => ({
    line: counter.linePos(error.pos[0]).line,
    text: error.code === "DUPLICATE_KEY" ? `the key ${lineText(text, error.pos)} is given twice` : error.message,
  }));
  const refuse = () => new ConfigError(inOrder(problems).map((problem) => `${name}:${problem.line}: ${problem.text}`));
  if (document.errors.some((error) => error.code !== "DUPLICATE_KEY")) throw refuse();

  const lines = new YamlLines(document, counter);
  const expansion = expandVariables(document, env);
  problems.push(
    ...expansion.missing.map(({ offset, text: missing }) => ({ line: counter.linePos(offset).line, text: missing })),
  );
  const data: unknown = document.toJS() ?? {};
  const first = schema.safeParse(data);
  const parsed =
    first.success || !settleNumbers(data, first.error.issues, expansion.plainPaths) ? first : schema.safeParse(data);
  if (!parsed.success) {
    // Of a value whose variable is missing only that is worth saying.
    const isNews = (issue: Problem) =>
      !problems.some((known) => known.text.split(": ")[0] === issue.text.split(": ")[0]);
    problems.push(...describeIssues(parsed.error.issues, lines).filter(isNews));
  }
  if (!parsed.success || problems.length > 0) throw refuse();
  return parsed.data;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new ConfigError(
      [`${normalize(path)}: ${code === "ENOENT" ? "the file does not exist" : `cannot be read (${code})`}`],
      { cause: error },
    );
  }
}

function lineText(text: string, [start]: readonly [number, number]): string {
  return /^[^\s:]*/.exec(text.slice(start))?.[0] ?? "";
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => a.line - b.line);
}
