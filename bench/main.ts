/**
 * `pnpm bench`: Holdfast and what one would take instead, side by side on this machine. Exits 1 when a run failed or Holdfast
 * lost or repeated a token, 64 on wrong arguments. Speed is no reason to fail: it is the machine's as much as ours.
 */
import { existsSync } from "node:fs";
import { type Options, readOptions, USAGE } from "./options.ts";
import { writeResults } from "./report/write.ts";
import { lineOf } from "./report/line.ts";
import type { CellResult } from "./results.ts";
import { runCells } from "./run-cells.ts";

const args = process.argv.slice(2);

function optionsOrExit(): Options {
  try {
    if (!existsSync("/proc/stat")) throw new TypeError("the bench reads CPU time from /proc and needs Linux");
    return readOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return process.exit(64);
  }
}

const isFaulty = ({ system, metrics, error }: CellResult): boolean =>
  error !== undefined ||
  (system === "holdfast" && ["lost", "duplicated", "garbled"].some((name) => (metrics[name] ?? 0) > 0));

const options = optionsOrExit();
const beganMs = performance.now();
const results = await runCells(options, (result) => console.log(lineOf(result)));
const { page, path } = writeResults(results, options, args);
console.log(`\n${page}\n${path}, ${((performance.now() - beganMs) / 60_000).toFixed(1)} minutes`);
process.exit(results.some(isFaulty) ? 1 : 0);
