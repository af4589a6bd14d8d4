import type { ZodError } from "zod";
import { badRequest, type ReadRequest } from "./model-request.ts";

/** Words the first problem of a body as OpenAI does, naming the field: `messages[1].role`. */
export function requestProblem({ issues }: ZodError): ReadRequest {
  const [first] = issues;
  const param = (first?.path ?? []).reduce<string>((path, key) => {
    if (typeof key === "number") return `${path}[${key}]`;
    return path === "" ? String(key) : `${path}.${String(key)}`;
  }, "");
  const isMissing = first?.code === "invalid_type" && first.message.endsWith("received undefined");
  if (isMissing) return badRequest(`Missing required parameter: '${param}'.`, param, "missing_required_parameter");
  if (param === "") return badRequest(`We could not parse the JSON body of your request: ${first?.message}.`);
  return badRequest(`Invalid value for '${param}': ${first?.message}.`, param, "invalid_value");
}
