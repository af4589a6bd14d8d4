/**
 * `pnpm chaos`: kills every part of the real system at every moment, and says whether the promise held. Exits 1 when a cell
 * was not exact or over its bound, 64 on wrong arguments.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Options, readOptions, USAGE } from "./options.ts";
import { lineOf, pageOf, summaryOf, tableOf } from "./report.ts";
import { runCells } from "./run-cells.ts";
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

async function runMatrix(options: Options): Promise<boolean> {
  const beganAtMs = performance.now();
  console.log(`seed ${options.seed}, ${options.cells.length} cells, p50/p95/max of the longest silence`);
  const results = await runCells(options.cells, { ...options, onResult: (result) => console.log(lineOf(result)) });
  const tookMs = performance.now() - beganAtMs;
  const summary = summaryOf(results);
  if (options.isFull) {
    console.log(`\n${tableOf(results)}\n`);
    writeFileSync(PAGE, pageOf(results, { ...options, tookMs }));
  }
  if (options.jsonPath !== undefined)
    writeFileSync(options.jsonPath, JSON.stringify({ seed: options.seed, tookMs, summary, results }, null, 1));
  const minutes = (tookMs / 60_000).toFixed(1);
  console.log(`${summary.exact} of ${summary.ran} cells exact, worst ${summary.worst}, workers ${summary.workers} s`);
  console.log(`seed ${options.seed}, ${minutes} minutes`);
  return summary.exact === summary.ran;
}

const options = optionsOrExit();
const isExact = options.storm ? await runStorm(options.storm, options.seed, console.log) : await runMatrix(options);
process.exit(isExact ? 0 : 1);
