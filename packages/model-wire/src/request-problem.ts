import type { z, ZodError } from "zod";
import { badRequest, type ReadRequest } from "./model-request.ts";

/** Words the first problem of a body as OpenAI does, naming the field: `messages[1].role`. */
export function requestProblem({ issues }: ZodError): ReadRequest {
  const first = issues[0] && deepest(issues[0]);
  const param = (first?.path ?? []).reduce<string>((path, key) => {
    if (typeof key === "number") return `${path}[${key}]`;
    return path === "" ? String(key) : `${path}.${String(key)}`;
  }, "");
  const isMissing = first?.code === "invalid_type" && first.message.endsWith("received undefined");
  if (isMissing) return badRequest(`Missing required parameter: '${param}'.`, param, "missing_required_parameter");
  if (param === "") return badRequest(`We could not parse the JSON body of your request: ${first?.message}.`);
  return badRequest(`Invalid value for '${param}': ${first?.message}.`, param, "invalid_value");
}

type Issue = z.core.$ZodIssue;

/** Where several shapes are allowed, the problem of the one that fits best: whose first problem lies deepest. */
function deepest(issue: Issue): Issue {
  if (issue.code !== "invalid_union") return issue;
  const branches = issue.errors.flatMap(([first]) => (first ? [deepest(first)] : []));
  const best = branches.toSorted((one, other) => other.path.length - one.path.length)[0];
  if (best === undefined || best.path.length === 0) return issue;
  return { ...best, path: [...issue.path, ...best.path] };
}
