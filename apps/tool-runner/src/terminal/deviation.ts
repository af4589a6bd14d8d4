/**
 * Who approved a call has read its arguments, not the workspace. A directory that turns out to be another one than its name
 * says, because a link leads there, is not what was approved.
 */
import { resolve } from "node:path";
import { resolveCwd } from "./cwd.ts";
import { isDenial } from "./deny.ts";
import { readRequest } from "./request.ts";

/** Undefined where the directory is the one that is named, and where the call will be denied anyway. */
export function deviationOf(input: unknown, root: string): string | undefined {
  const request = readRequest(input);
  if (isDenial(request)) return undefined;
  const directory = resolveCwd(root, request.cwd);
  if (isDenial(directory) || directory.cwd === resolve(root, request.cwd ?? "")) return undefined;
  return "The working directory is a link to another one than the approval names.";
}
