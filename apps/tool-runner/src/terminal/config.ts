/** The only place of the terminal that sees the runner's environment: allowed variables get their values from it. */
import type { Environment } from "@holdfast/runtime";

export function hostEnvironment(): Environment {
  return process.env;
}
