import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, normalize, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { Document } from "yaml";
import type { z } from "zod";
import { ConfigError } from "./config-error.ts";
import type { Environment } from "./env.ts";
import { withPastedJson } from "./pasted-json.ts";
import { expandVariables, settleNumbers } from "./yaml-variables.ts";
import type { Expansion } from "./yaml-variables.ts";
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
  // What VS Code means by these, unless the environment says something else.
  const known = { workspaceFolder: dirname(resolve(path)), userHome: homedir() };
  return parseYaml(read(path), normalize(path), schema, { ...known, ...env });
}

/** As `loadYaml`, of a text; `name` stands where the file's name would. */
export function parseYaml<S extends z.ZodType>(source: string, name: string, schema: S, env: Environment): z.output<S> {
  const { document, counter, text } = parseWithJson(source);
  const refuse = (problems: readonly Problem[]) => {
    const inOrder = problems.toSorted((a, b) => a.line - b.line);
    return new ConfigError(inOrder.map((problem) => `${name}:${problem.line}: ${problem.text}`));
  };
  const written = writtenProblems(document, text, counter);
  if (document.errors.some((error) => error.code !== "DUPLICATE_KEY")) throw refuse(written);

  const expansion = expandVariables(document, env);
  const missing = expansion.missing.map(({ offset, text: what }) => ({
    line: counter.linePos(offset).line,
    text: what,
  }));
  const parsed = check(toData(document, name), schema, expansion);
  if (!parsed.success) {
    const issues = describeIssues(parsed.error.issues, new YamlLines(document, counter));
    throw refuse([
      ...written,
      ...missing,
      ...issues.filter((issue) => !missing.some((known) => sharePlace(known, issue))),
    ]);
  }
  if (written.length + missing.length > 0) throw refuse([...written, ...missing]);
  return parsed.data;
}

interface Parsed {
  readonly document: Document.Parsed;
  readonly counter: LineCounter;
  readonly text: string;
}

/** What YAML takes is never rewritten; what it does not may be JSON that somebody pasted. */
function parseWithJson(text: string): Parsed {
  const asWritten = parse(text);
  if (asWritten.document.errors.length + asWritten.document.warnings.length === 0) return asWritten;
  const pasted = parse(withPastedJson(text));
  return pasted.document.errors.some(({ code }) => code !== "DUPLICATE_KEY") ? asWritten : pasted;
}

function parse(text: string): Parsed {
  const counter = new LineCounter();
  return { document: parseDocument(text, { lineCounter: counter, prettyErrors: false, merge: true }), counter, text };
}

/** What is wrong before any schema is asked. Of several syntax errors on a line the first counts: the rest follow from it. */
function writtenProblems(document: Document.Parsed, text: string, counter: LineCounter): Problem[] {
  const source = text.split("\n");
  const problems = new Map<string, Problem>();
  for (const error of [...document.errors, ...document.warnings]) {
    const { line } = counter.linePos(error.pos[0]);
    const isDuplicate = error.code === "DUPLICATE_KEY";
    const key = /^[^\s:]*/.exec(text.slice(error.pos[0], error.pos[0] + 200))?.[0] ?? "";
    const hint = source[line - 1]?.includes("${") ? " (inside { } or [ ], quote a value that holds ${…})" : "";
    const problem = { line, text: isDuplicate ? `the key ${key} is given twice` : `${error.message}${hint}` };
    const id = isDuplicate ? `${line} ${key}` : String(line);
    if (!problems.has(id)) problems.set(id, problem);
  }
  return [...problems.values()];
}

function toData(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    throw new ConfigError([`${name}: ${error instanceof Error ? error.message : String(error)}`], { cause: error });
  }
}

function check<S extends z.ZodType>(data: unknown, schema: S, expansion: Expansion): z.ZodSafeParseResult<z.output<S>> {
  const first = schema.safeParse(data, { reportInput: true });
  if (first.success || !settleNumbers(data, first.error.issues, expansion.plainPaths)) return first;
  return schema.safeParse(data, { reportInput: true });
}

/** Of a value whose variable is missing, only that is worth saying. */
function sharePlace(one: Problem, other: Problem): boolean {
  return one.text.split(": ")[0] === other.text.split(": ")[0];
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
