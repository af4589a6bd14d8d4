import { readFileSync } from "node:fs";
import { nowUs } from "../clock.ts";
import { type MachineTicks, machineTicks, processTicks, residentKb, TICKS_PER_SECOND } from "./proc.ts";

/** Processes by what they are in the system under test: `gateway`, `worker`, `redis`. */
export type Processes = Readonly<Record<string, number>>;

export interface Usage {
  readonly wallUs: number;
  readonly cpuUs: number;
  readonly cpuUsByProcess: Readonly<Record<string, number>>;
  /** Cores that neither the system under test nor the bench itself used. */
  readonly othersCores: number;
  /** Cores that the host gave to other machines while this one wanted them. */
  readonly stolenCores: number;
  /** What model and load client used: near a core each, they are what limits the rest. */
  readonly benchCores: number;
}

/**
 * CPU between start and stop of every process of the system under test, and of everything else on the machine: a run beside
 * which something else worked is no measurement. Reads /proc twice and costs nothing in between.
 */
export class Meter {
  readonly #system: Processes;
  readonly #bench: readonly number[];
  readonly #before: Readings;

  /** `bench`: process ids of the model, the load client and whoever drives them, which are nobody else. */
  constructor(system: Processes, bench: readonly number[]) {
    this.#system = system;
    this.#bench = bench;
    this.#before = this.#read();
  }

  stop(): Usage {
    const before = this.#before;
    const after = this.#read();
    const wallUs = after.atUs - before.atUs;
    // A process that was killed meanwhile has no account any more: what it used up to the kill is not known.
    const used = (pid: number): number => Math.max(0, (after.ticks.get(pid) ?? 0) - (before.ticks.get(pid) ?? 0));
    const toUs = (ticks: number): number => (ticks * 1_000_000) / TICKS_PER_SECOND;
    const byProcess = Object.entries(this.#system).map(([name, pid]) => [name, toUs(used(pid))] as const);
    const cpuUs = byProcess.reduce((sum, [, us]) => sum + us, 0);
    const benchUs = this.#bench.reduce((sum, pid) => sum + toUs(used(pid)), 0);
    const stolenUs = toUs(after.machine.stolen - before.machine.stolen);
    // A process is also charged for what the host took while it ran, the machine's account keeps the two apart.
    const workedUs = toUs(after.machine.busy - before.machine.busy) + stolenUs;
    return {
      wallUs,
      cpuUs,
      cpuUsByProcess: Object.fromEntries(byProcess),
      othersCores: Math.max(0, (workedUs - cpuUs - benchUs) / wallUs),
      stolenCores: stolenUs / wallUs,
      benchCores: benchUs / wallUs,
    };
  }

  #read(): Readings {
    return {
      atUs: nowUs(),
      machine: machineTicks(readFileSync("/proc/stat", "latin1")),
      ticks: new Map([
        ...this.#bench.map((pid) => [pid, processTicks(readAccount(pid, "stat")).own] as const),
        ...Object.values(this.#system).map((pid) => [pid, allTicks(pid)] as const),
      ]),
    };
  }
}

interface Readings {
  readonly atUs: number;
  readonly machine: MachineTicks;
  readonly ticks: ReadonlyMap<number, number>;
}

/**
 * Children are part of what a system costs. The bench's own children are the systems, counted by themselves: what they used
 * before they were measured must not count when one of them ends.
 */
function allTicks(pid: number): number {
  const { own, children } = processTicks(readAccount(pid, "stat"));
  return own + children;
}

/** Resident kB of every process. */
export function residentMemory(processes: Processes): Record<string, number> {
  return Object.fromEntries(
    Object.entries(processes).map(([name, pid]) => [name, residentKb(readAccount(pid, "status"))]),
  );
}

function readAccount(pid: number, file: "stat" | "status"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
