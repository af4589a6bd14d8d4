/**
 * Test files that failed while the host took the processor away run again, by themselves, when it is back. What failed on a
 * machine that had its processor stays failed: nothing gets a second chance for being unsteady.
 */
import { relative } from "node:path";
import { ROOT } from "../project.ts";
import { failedFiles, type JestReport, replaceFiles, type TestFile } from "./summary.ts";

const TIMES = 2;

export interface Measuring {
  /** True where a time (milliseconds since 1970) was spoilt by the host. */
  spoilt(from: number, to: number): boolean;
  /** Settles when the machine has its processor again. */
  ready(): Promise<void>;
  /** Runs these files alone; `time` is 1 for the first repetition. */
  run(files: readonly string[], time: number): Promise<JestReport>;
  tell(what: string): void;
}

export async function measuredAgain(first: JestReport, measuring: Measuring): Promise<JestReport> {
  let report = first;
  for (let time = 1; time <= TIMES; time += 1) {
    const files = failedFiles(report).filter((file) => wasSpoilt(file, measuring));
    if (files.length === 0) break;
    const names = files.map(({ name }) => name);
    measuring.tell(
      `The host took the processor away while these files failed; they run again: ${names.map((name) => relative(ROOT, name)).join(", ")}`,
    );
    await measuring.ready();
    report = replaceFiles(report, await measuring.run(names, time));
  }
  return report;
}

const wasSpoilt = ({ startTime, endTime }: TestFile, { spoilt }: Measuring): boolean => spoilt(startTime, endTime);
