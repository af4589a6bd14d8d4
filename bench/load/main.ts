/**
 * The load client, a process of its own that does one job, given as JSON in its first argument. Prints JSON lines: `begun`
 * when the measured part begins, and `result` with a JobResult.
 */
import { setTimeout as delay } from "node:timers/promises";
import { BenchRun } from "./bench-run.ts";
import type { Job, JobResult } from "./job.ts";
import { measureCatchUp } from "./jobs/catch-up.ts";
import { measureChats, talk } from "./jobs/chats.ts";
import { measureFanOut } from "./jobs/fan-out.ts";
import { measureIdle } from "./jobs/idle.ts";
import { measureMany } from "./jobs/many.ts";
import { measureSoak } from "./jobs/soak.ts";
import { measureTurns } from "./jobs/turns.ts";

/** After the warm-up, for what it left behind. */
const REST_MS = 500;

function measure(run: BenchRun): Promise<JobResult> {
  const { work } = run.job;
  switch (work.kind) {
    case "chats":
      return measureChats(run, work);
    case "idle":
      return measureIdle(run, work);
    case "fan-out":
      return measureFanOut(run, work);
    case "catch-up":
      return measureCatchUp(run, work);
    case "turns":
      return measureTurns(run, work);
    case "many":
      return measureMany(run, work);
    case "soak":
      return measureSoak(run, work);
  }
}

const job = JSON.parse(process.argv[2] ?? "") as Job;
const run = new BenchRun(job);
if (job.warmUp) {
  const { adapter, recorder } = run.phase();
  await talk(run, job.warmUp, adapter, recorder);
  await delay(REST_MS);
}
const result = await measure(run);
console.log(JSON.stringify({ message: "result", ...result }));
process.exit(0);
