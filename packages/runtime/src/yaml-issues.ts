import type { z } from "zod";
import { printPath } from "./yaml-lines.ts";
import type { Path, Problem, YamlLines } from "./yaml-lines.ts";

type Issue = z.core.$ZodIssue;

/** Zod's issues, parsed with `reportInput`, as problems a person can act on: where, and what was expected. Never the value that was given. */
export function describeIssues(issues: readonly Issue[], lines: YamlLines): Problem[] {
  return issues.flatMap((issue) => describe(issue, issue.path, lines));
}

function describe(issue: Issue, path: Path, lines: YamlLines): Problem[] {
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => problemAt([...path, key], "unknown key", lines));
    case "invalid_key":
      return issue.issues.map((inner) => problemAt(path, inner.message, lines));
    case "invalid_union":
      return describeUnion(issue, path, lines);
    case "invalid_type":
      return [problemAt(path, issue.input === undefined ? `is required (${issue.expected})` : issue.message, lines)];
    default:
      return [problemAt(path, issue.message, lines)];
  }
}

/** The branch the author most likely meant: the one that came furthest, that is, fails on the fewest counts. */
function describeUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path, lines: YamlLines): Problem[] {
  const [closest] = issue.errors.toSorted((a, b) => weight(a) - weight(b));
  if (closest === undefined || closest.every((inner) => inner.path.length === 0 && inner.code === "invalid_type")) {
    return [problemAt(path, unionMessage(issue), lines)];
  }
  return closest.flatMap((inner) => describe(inner, [...path, ...inner.path], lines));
}

function weight(branch: readonly Issue[]): number {
  return branch.reduce((sum, issue) => sum + (issue.path.length === 0 && issue.code === "invalid_type" ? 100 : 1), 0);
}

function unionMessage(issue: z.core.$ZodIssueInvalidUnion): string {
  const expected = issue.errors.flatMap((branch) =>
    branch.map((inner) => (inner.code === "invalid_type" ? inner.expected : undefined)),
  );
  const known = expected.filter((name) => name !== undefined);
  return known.length > 0 ? `expected ${[...new Set(known)].join(" or ")}` : issue.message;
}

function problemAt(path: Path, text: string, lines: YamlLines): Problem {
  const place = printPath(path);
  return { line: lines.lineOf(path), text: place === "" ? text : `${place}: ${text}` };
}
