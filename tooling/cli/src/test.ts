/**
 * `npm test`: everything a test needs is there before the first one runs, and a missing thing fails the run: a test that is
 * skipped proves nothing. Reports for machines go to reports/ (JUnit and JSON); the last line says how it went.
 */
import { mkdirSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { HostTime, ownProcessor } from "@holdfast/host-time";
import { progress } from "./console/progress.ts";
import { buildPage } from "./page/build-page.ts";
import { ROOT } from "./project.ts";
import { aptInstall } from "./redis/debian-package.ts";
import { findRedis } from "./redis/find-redis.ts";
import { machineProbes } from "./redis/machine-probes.ts";
import { findChromium } from "./testing/chromium.ts";
import { type Measuring, measuredAgain } from "./testing/measured-again.ts";
import { REPORTS, runJest } from "./testing/run-jest.ts";
import { type Selection, selectTests } from "./testing/selection.ts";
import { type JestReport, summarise, summaryLine } from "./testing/summary.ts";

/** How long a run waits for a processor that the host gave to others. */
const PATIENCE_MS = 600_000;

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

async function main(): Promise<number> {
  const { rounds, ...selection } = selectTests(process.argv.slice(2));
  rmSync(REPORTS, { recursive: true, force: true });
  mkdirSync(REPORTS, { recursive: true });
  const env = await environment(selection);
  const host = new HostTime();
  const ready = () => ownProcessor(PATIENCE_MS, console.log);
  host.start();
  if (process.env["CI"]) await ready();
  const reports: JestReport[] = [];
  for (const [round, args] of rounds.entries()) {
    const measuring: Measuring = {
      spoilt: (from, to) => host.spoilt(from, to),
      ready,
      run: (files, time) => runJest(`${round}-again-${time}`, ["--runInBand", "--runTestsByPath", ...files], env),
      tell: console.log,
    };
    reports.push(await measuredAgain(await runJest(String(round), args, env), measuring));
  }
  host.stop();
  const summary = summarise(reports);
  console.log(`\nReports: reports/junit-*.xml, reports/jest-*.json\n${summaryLine(summary)}`);
  return summary.failed === 0 ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}\n0 passed, 1 failed`);
  process.exit(1);
}
