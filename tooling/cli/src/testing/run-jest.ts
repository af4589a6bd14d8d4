/** One run of jest over some of the tests, with reports for machines: JUnit and JSON. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "../project.ts";
import { signalGroup } from "../stack/processes.ts";
import type { JestReport } from "./summary.ts";

const CAUSES_TO_END = ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const;
export const REPORTS = join(ROOT, "reports");

/** Throws when jest was ended before it had a result. */
export async function runJest(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<JestReport> {
  const output = join(REPORTS, `jest-${name}.json`);
  const jest = createRequire(join(ROOT, "package.json")).resolve("jest/bin/jest");
  const reporters = ["--reporters=default", "--reporters=jest-junit", "--json", `--outputFile=${output}`];
  // Jest and its workers are one process group: none of them goes on when the run is ended.
  const child = spawn(process.execPath, [jest, ...reporters, ...args], {
    cwd: ROOT,
    env: { ...env, JEST_JUNIT_OUTPUT_NAME: `junit-${name}.xml` },
    stdio: ["ignore", "ignore", "inherit"],
    detached: true,
  });
  const end = (): void => signalGroup(child, "SIGTERM");
  for (const cause of CAUSES_TO_END) process.on(cause, end);
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => resolve());
  });
  for (const cause of CAUSES_TO_END) process.off(cause, end);
  signalGroup(child, "SIGKILL");
  if (!existsSync(output)) throw new Error("jest ended before it had a result");
  return JSON.parse(readFileSync(output, "utf8")) as JestReport;
}
