/**
 * Runs the cells one after another: a fresh system, the load client beside it, and the one model for all. What goes wrong
 * with one cell is its result, and the next one starts anew.
 */
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { spawnService, type TestService } from "@holdfast/testing";
import { nowUs } from "./clock.ts";
import type { ChatsJob, Job, JobResult, Metrics, Work } from "./load/job.ts";
import type { Options } from "./options.ts";
import { type CellResult, failed, measured } from "./results.ts";
import { quietMachine } from "./measure/quiet.ts";
import { endAll, type Spawned, spawnReady } from "./systems/spawn.ts";
import { startSystem } from "./systems/start.ts";
import type { RunningSystem } from "./systems/system.ts";
import { measureColdStart } from "./workloads/cold-start.ts";
import { type Cell, planOf } from "./workloads/plan.ts";
import { silenceMetrics } from "./workloads/silence.ts";
import type { Size } from "./workloads/workloads.ts";

/** No job takes longer, however overloaded its system. */
const LIMIT_MS = 1_800_000;
/** Of a patient bench, at one cell: disturbed runs are kept and marked. */
const MOST_TRIES = 3;
const LOAD = fileURLToPath(new URL("load/main.ts", import.meta.url));

export async function runCells(options: Options, onResult: (result: CellResult) => void): Promise<CellResult[]> {
  const model = await spawnReady("scripted model", "model/main.ts", {});
  const stage = new Stage(model, options);
  const results: CellResult[] = [];
  try {
    for (const cell of planOf(options.workloads, options.systems, options.reps, options.isQuick)) {
      const most = options.isPatient ? MOST_TRIES : 1;
      for (let tries = 1, isNoisy = true; isNoisy && tries <= most; tries += 1) {
        if (options.isPatient) await quietMachine();
        const result = await stage.play(cell).catch((error: unknown) => failed(cell, error));
        if (result.error !== undefined) await stage.clear();
        results.push(result);
        onResult(result);
        ({ isNoisy } = result);
      }
    }
  } finally {
    await stage.clear();
    await endAll([model]);
  }
  return results;
}

class Stage {
  readonly #model: Spawned;
  readonly #options: Options;
  #current: { readonly key: string; readonly running: RunningSystem } | undefined;
  #cells = 0;

  constructor(model: Spawned, options: Options) {
    this.#model = model;
    this.#options = options;
  }

  async play(cell: Cell): Promise<CellResult> {
    this.#cells += 1;
    const { isQuick } = this.#options;
    const size: Size = { system: cell.system, isQuick, count: (things) => this.#scaled(things) };
    const work = cell.workload.work(size);
    if (work === "cold start") return measured(cell, await measureColdStart());
    const killAfterMs = cell.workload.killAfterMs?.(size);
    const running = await this.#systemFor(cell);
    const metrics = await (killAfterMs === undefined
      ? this.#measure(cell, running, work)
      : this.#measureKill(cell, running, work, killAfterMs));
    if (!isQuick || killAfterMs !== undefined) await this.clear();
    return measured(cell, metrics);
  }

  async clear(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.running.stop();
  }

  async #systemFor({ system, workload: { workers } }: Cell): Promise<RunningSystem> {
    const key = `${system} ${workers}`;
    if (this.#current?.key !== key) {
      await this.clear();
      this.#current = {
        key,
        running: await startSystem({ system, workers, profiles: this.#options.profiles }, this.#model.url),
      };
    }
    return this.#current.running;
  }

  async #measure({ system }: Cell, running: RunningSystem, work: Work): Promise<Metrics> {
    const load = this.#load({ ...this.#jobOf(running, work), system, warmUp: this.#warmUp() });
    return (await resultOf(load)).metrics;
  }

  async #measureKill({ system }: Cell, running: RunningSystem, work: Work, afterMs: number): Promise<Metrics> {
    const load = this.#load({ ...this.#jobOf(running, work), system, warmUp: undefined });
    await load.waitForLog(({ message }) => message === "begun");
    const tagsBefore = await this.#abortedTags();
    await delay(afterMs);
    const killedAtUs = nowUs();
    running.killCaller();
    await delay(1_000);
    const tags = (await this.#abortedTags()).slice(tagsBefore.length);
    const { metrics, arrivalsUs = [] } = await resultOf(load);
    const affected = tags.map((tag) => arrivalsUs[Number(tag.split("-").at(-1))] ?? []);
    // What the killed process used is lost with its account, so there is no cost to tell.
    const told = Object.entries(metrics).filter(([name]) => !/^(cpu_|rss_|cores$)/.test(name));
    return { ...Object.fromEntries(told), ...silenceMetrics(affected, killedAtUs) };
  }

  #jobOf(running: RunningSystem, work: Work): Omit<Job, "system" | "warmUp"> {
    const { url, redisUrl, processes } = running;
    const bench = [process.pid, this.#model.service.pid];
    return { url, processes, bench, work, tag: String(this.#cells), ...(redisUrl === undefined ? {} : { redisUrl }) };
  }

  #load(job: Job): TestService {
    return spawnService({ name: "load client", entry: LOAD, args: [JSON.stringify(job)] });
  }

  /**
   * Long enough for every process to have compiled what it runs all the time: that took up to a fifth of a service's CPU for
   * its first fifteen seconds, and is no cost of a token where services run for weeks. A quick run includes it.
   */
  #warmUp(): ChatsJob {
    const short = {
      kind: "chats",
      chats: this.#scaled(60),
      rate: 100,
      tokens: this.#scaled(100),
      rampMs: 200,
    } as const;
    const long = { ...short, chats: this.#scaled(600), rate: 50, rampMs: 12_000 };
    return { ...(this.#options.isQuick ? short : long), graceMs: 20_000 };
  }

  async #abortedTags(): Promise<string[]> {
    const response = await fetch(new URL("/aborted", this.#model.url));
    return (await response.json()) as string[];
  }

  #scaled(things: number): number {
    return Math.max(1, Math.round(things * this.#options.scale));
  }
}

async function resultOf(load: TestService): Promise<JobResult> {
  const line = await load.waitForLog(({ message }) => message === "result", LIMIT_MS);
  await load.exit;
  return line as unknown as JobResult;
}
