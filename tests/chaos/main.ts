/**
 * `pnpm chaos`: kills every part of the real system at every moment, and says whether the promise held. Exits 1 when a cell
 * was not exact or over its bound, 64 on wrong arguments.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Options, readOptions, USAGE } from "./options.ts";
import { lineOf, outcomeOf, pageOf, type Schedule, summaryOf, tableOf, together } from "./report.ts";
import { type CellResult, runCells } from "./run-cells.ts";
import { runStorm } from "./storm.ts";

const PAGE = fileURLToPath(new URL("../../docs/kill-matrix.md", import.meta.url));

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return process.exit(64);
  }
}

/** One schedule after another; what was seen so far is written after each. */
async function runMatrix(options: Options): Promise<boolean> {
  const schedules: Schedule[] = [];
  for (let { seed } = options; seed < options.seed + options.seeds; seed += 1) {
    schedules.push(await runSchedule(seed, options));
    const results = together(schedules.map((schedule) => schedule.results));
    if (options.isFull) {
      console.log(`\n${tableOf(results)}\n`);
      writeFileSync(PAGE, pageOf(schedules, options.rounds));
    }
    if (options.jsonPath !== undefined)
      writeFileSync(options.jsonPath, JSON.stringify({ summary: summaryOf(results), schedules }, null, 1));
  }
  return schedules.every(({ results }) => results.every(({ problems }) => problems.length === 0));
}

async function runSchedule(seed: number, options: Options): Promise<Schedule> {
  const beganAtMs = performance.now();
  console.log(`seed ${seed}, ${options.cells.length} cells, p50/p95/max of the longest silence`);
  const onResult = (result: CellResult) => console.log(lineOf(result));
  const onSpoilt = (result: CellResult) =>
    console.log(`${lineOf(result)}\n    the host took the processor away: measured again`);
  const results = await runCells(options.cells, { ...options, seed, onResult, onSpoilt });
  const schedule = { seed, results, tookMs: performance.now() - beganAtMs };
  console.log(outcomeOf(schedule));
  return schedule;
}

const options = optionsOrExit();
const isExact = options.storm ? await runStorm(options.storm, options.seed, console.log) : await runMatrix(options);
process.exit(isExact ? 0 : 1);
