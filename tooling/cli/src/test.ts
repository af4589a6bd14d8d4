/**
 * `npm test`: everything a test needs is there before the first one runs, and a missing thing fails the run: a test that is
 * skipped proves nothing. Reports for machines go to reports/ (JUnit and JSON); the last line says how it went.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { progress } from "./console/progress.ts";
import { buildPage } from "./page/build-page.ts";
import { ROOT } from "./project.ts";
import { aptInstall } from "./redis/debian-package.ts";
import { findRedis } from "./redis/find-redis.ts";
import { machineProbes } from "./redis/machine-probes.ts";
import { signalGroup } from "./stack/processes.ts";
import { findChromium } from "./testing/chromium.ts";
import { type Selection, selectTests } from "./testing/selection.ts";
import { type JestReport, summarise, summaryLine } from "./testing/summary.ts";

const CAUSES_TO_END = ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"] as const;
const REPORTS = join(ROOT, "reports");
const jsonReport = (round: number): string => join(REPORTS, `jest-${round}.json`);

/** The folder of a redis-server that tests can start themselves. Throws when there is none. */
async function redisFolder(): Promise<string> {
  const source = await findRedis(machineProbes(undefined, (what) => progress.busy("redis", what)));
  if (source.kind === "none") throw new Error(source.help);
  if (source.kind !== "server")
    throw new Error("The tests start and kill their own Redis: they need a redis-server program.");
  progress.done("redis", `${source.version} (${source.path})`);
  return dirname(source.path);
}

async function browser(): Promise<string> {
  const path = await findChromium(process.getuid?.() === 0, () => {
    progress.busy("chromium", "installing it with apt …");
    return aptInstall(["chromium"]);
  });
  progress.done("chromium", path);
  return path;
}

async function environment(selection: Omit<Selection, "rounds">): Promise<NodeJS.ProcessEnv> {
  const page = selection.needsPage ? buildPage().then(() => progress.done("page", "built")) : undefined;
  const redis = await redisFolder();
  const chromium = selection.needsBrowser ? { CHROMIUM_PATH: await browser() } : {};
  await page;
  const path = [join(ROOT, "node_modules", ".bin"), process.env["PATH"], redis].join(delimiter);
  return {
    ...process.env,
    ...chromium,
    PATH: path,
    NODE_OPTIONS:
      `${process.env["NODE_OPTIONS"] ?? ""} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
    JEST_JUNIT_OUTPUT_DIR: REPORTS,
    JEST_JUNIT_SUITE_NAME: "{filepath}",
    JEST_JUNIT_CLASSNAME: "{filepath}",
    JEST_JUNIT_TITLE: "{classname} {title}",
  };
}

/** Jest and its workers are one process group: none of them goes on when the run is ended. */
async function runJest(round: number, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const jest = createRequire(join(ROOT, "package.json")).resolve("jest/bin/jest");
  const reporters = ["--reporters=default", "--reporters=jest-junit", "--json", `--outputFile=${jsonReport(round)}`];
  const child = spawn(process.execPath, [jest, ...reporters, ...args], {
    cwd: ROOT,
    env: { ...env, JEST_JUNIT_OUTPUT_NAME: `junit-${round}.xml` },
    stdio: ["ignore", "ignore", "inherit"],
    detached: true,
  });
  const end = (): void => signalGroup(child, "SIGTERM");
  for (const cause of CAUSES_TO_END) process.on(cause, end);
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
  for (const cause of CAUSES_TO_END) process.off(cause, end);
  signalGroup(child, "SIGKILL");
  return exitCode;
}

async function main(): Promise<number> {
  const { rounds, ...selection } = selectTests(process.argv.slice(2));
  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
  const env = await environment(selection);
  const exitCodes: number[] = [];
  for (const [round, args] of rounds.entries()) {
    exitCodes.push(await runJest(round, args, env));
    // A run that was ended has no result, and no run may follow it.
    if (!existsSync(jsonReport(round))) throw new Error("jest ended before it had a result");
  }
  const reports = exitCodes.map((_, round) => JSON.parse(readFileSync(jsonReport(round), "utf8")) as JestReport);
  const summary = summarise(reports);
  console.log(`\nReports: reports/junit-*.xml, reports/jest-*.json\n${summaryLine(summary)}`);
  return exitCodes.every((code) => code === 0) && summary.failed === 0 ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}\n0 passed, 1 failed`);
  process.exit(1);
}
